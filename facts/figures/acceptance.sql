-- P4: of the communications whose effect was heard, how many were accepted, by kind of value, stage at that time and
-- medium. Those not heard of are counted apart. Null: no stage was confirmed at that time.
SELECT
    value_kind,
    stage_then AS stage,
    medium,
    count(*) FILTER (outcome = 'accepted') AS accepted,
    count(*) FILTER (outcome = 'recognised') AS recognised,
    count(outcome) AS heard,
    count(*) - count(outcome) AS unheard
FROM talks
GROUP BY ALL
ORDER BY heard DESC, unheard DESC, value_kind, stage NULLS LAST, medium
