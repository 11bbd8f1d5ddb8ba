-- To how many customers each value is to be conveyed next, now and before, and how many of them are new or no more.
-- Null: none.
WITH
    each_side AS (
        SELECT
            value, 1 AS customers, 0 AS customers_before,
            (was_here AND value IS DISTINCT FROM value_before)::INTEGER AS gained, 0 AS lost
        FROM changes
        WHERE is_here
        UNION ALL
        SELECT value_before, 0, 1, 0, (is_here AND value IS DISTINCT FROM value_before)::INTEGER
        FROM changes
        WHERE was_here
    )
SELECT
    value,
    sum(customers)::BIGINT AS customers,
    sum(customers_before)::BIGINT AS customers_before,
    sum(gained)::BIGINT AS gained,
    sum(lost)::BIGINT AS lost
FROM each_side
GROUP BY value
ORDER BY greatest(sum(gained), sum(lost)) DESC, value NULLS LAST
