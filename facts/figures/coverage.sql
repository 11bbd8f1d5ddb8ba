-- For how many customers it is recorded what the figures rest on; without records an absence proves nothing.
SELECT collection, count(*) AS customers
FROM standing
JOIN recorded USING (customer)
WHERE
    is_here
    AND since IS NOT NULL
    AND collection IN ('communications', 'needs', 'complaints', 'interactions', 'disputes')
GROUP BY collection
UNION ALL
SELECT 'stage_history', count(DISTINCT customer)
FROM standing
JOIN stage_history USING (customer)
WHERE is_here
HAVING count(*) > 0
ORDER BY collection
