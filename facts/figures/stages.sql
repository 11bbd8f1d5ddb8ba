-- P2: how many customers stand at each stage, and how many stood there at the earlier date. Null: no stage is known.
WITH
    placed AS (
        SELECT stage, 1 AS here, 0 AS was FROM standing WHERE is_here
        UNION ALL
        SELECT stage_before, 0, 1 FROM standing WHERE was_here
    )
SELECT stage, sum(here)::BIGINT AS customers, sum(was)::BIGINT AS customers_before
FROM placed
GROUP BY stage
ORDER BY stage NULLS LAST
