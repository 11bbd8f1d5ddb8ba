-- B4: needs that are not met in full, by kind: hints for products and service.
-- A need without an entered tier counts by its level (D7).
WITH unmet AS (
    SELECT
        customer,
        kind,
        coalesce(
            tier,
            CASE level
                WHEN 'basic' THEN 'core'
                WHEN 'expected' THEN CASE WHEN felt THEN 'core' WHEN NOT felt THEN 'additional' END
                WHEN 'augmented' THEN 'additional'
                WHEN 'potential' THEN 'latent'
            END
        ) AS tier
    FROM needs
    WHERE is_current AND state <> 'met'
)
SELECT
    kind,
    count(DISTINCT customer) AS customers,
    count(DISTINCT customer) FILTER (tier = 'core') AS core,
    count(DISTINCT customer) FILTER (tier = 'additional') AS additional,
    count(DISTINCT customer) FILTER (tier = 'latent') AS latent
FROM standing
JOIN unmet USING (customer)
WHERE is_here
GROUP BY kind
ORDER BY customers DESC, kind
