-- B8: where customers came from, how often those of each source accepted what we conveyed and how many of them moved
-- up (see upgrades.sql). Null: the source is not entered.
WITH
    heard AS (
        SELECT customer, count(outcome) AS heard, count(*) FILTER (outcome = 'accepted') AS accepted
        FROM talks
        GROUP BY customer
    )
SELECT
    acquisition_source,
    count(*) AS customers,
    coalesce(sum(accepted), 0)::BIGINT AS accepted,
    coalesce(sum(heard), 0)::BIGINT AS heard,
    count(*) FILTER (rung > rung_before) AS up,
    count(*) FILTER (rung_before < (SELECT max(rung) FROM rungs)) AS could_rise
FROM standing
LEFT JOIN heard USING (customer)
WHERE is_here
GROUP BY acquisition_source
ORDER BY customers DESC, acquisition_source NULLS LAST
