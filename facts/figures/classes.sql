-- B3: how many customers are in each class, and their share of the contributions. Null: no contribution is known.
SELECT
    abc_class,
    count(*) AS customers,
    sum(contribution)::DECIMAL(28, 2) AS contribution,
    (100 * sum(greatest(contribution, 0)) / nullif(sum(sum(greatest(contribution, 0))) OVER (), 0))::DECIMAL(9, 1)
        AS share
FROM standing
WHERE is_here
GROUP BY abc_class
ORDER BY abc_class NULLS LAST
