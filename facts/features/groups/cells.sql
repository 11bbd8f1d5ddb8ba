-- P4: what became of the values that we conveyed, by kind of value, stage at that time, medium and segment.
SELECT
    t.value_kind,
    t.stage_then AS stage,
    t.medium,
    s.segment,
    count(*) FILTER (t.outcome = 'accepted') AS accepted,
    count(*) FILTER (t.outcome = 'recognised') AS recognised,
    count(*) FILTER (t.outcome = 'rejected') AS rejected,
    count(*) FILTER (t.outcome = 'no_reaction') AS no_reaction,
    count(t.outcome) AS heard,
    count(*) FILTER (t.outcome IS NULL) AS unheard
FROM talks t
JOIN standing s USING (customer)
GROUP BY ALL
ORDER BY ALL
