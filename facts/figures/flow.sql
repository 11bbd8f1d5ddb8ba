-- P2: how many customers went from which stage to which between the two dates. `absent`: not in the base at that date;
-- `unknown`: in the base, but without a known stage.
SELECT
    CASE WHEN was_here THEN coalesce(stage_before, 'unknown') ELSE 'absent' END AS from_stage,
    CASE WHEN is_here THEN coalesce(stage, 'unknown') ELSE 'absent' END AS to_stage,
    count(*) AS customers
FROM standing
GROUP BY ALL
ORDER BY ALL
