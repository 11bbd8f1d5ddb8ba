-- B3: how many customers are in each class, and their share of the contributions. Null: no contribution is known.
WITH
    gains AS (
        SELECT abc_class, contribution, CASE WHEN contribution IS NOT NULL THEN greatest(contribution, 0) END AS gain
        FROM standing
        WHERE is_here
    )
SELECT
    abc_class,
    count(*) AS customers,
    sum(contribution)::DECIMAL(28, 2) AS contribution,
    (100 * sum(gain) / nullif(sum(sum(gain)) OVER (), 0))::DECIMAL(9, 1) AS share
FROM gains
GROUP BY abc_class
ORDER BY abc_class NULLS LAST
