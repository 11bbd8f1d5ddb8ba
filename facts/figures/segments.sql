-- D2: how many customers of each segment stand at each stage. Null: not entered, or no stage is known.
SELECT 'industry' AS dimension, industry AS member, stage, count(*) AS customers
FROM standing
WHERE is_here
GROUP BY ALL
UNION ALL
SELECT 'region', region, stage, count(*)
FROM standing
WHERE is_here
GROUP BY ALL
ORDER BY dimension, member NULLS LAST, stage NULLS LAST
