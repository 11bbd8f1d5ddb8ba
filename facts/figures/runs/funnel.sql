-- How many customers stand at each rung of the ladder or above it, now and before.
SELECT
    r.stage,
    count(*) FILTER (s.is_here AND s.rung >= r.rung) AS customers,
    count(*) FILTER (s.was_here AND s.rung_before >= r.rung) AS customers_before
FROM rungs r
CROSS JOIN standing s
GROUP BY r.stage, r.rung
ORDER BY r.rung
