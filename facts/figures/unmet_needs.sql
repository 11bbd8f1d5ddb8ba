-- B4: needs that are not met in full, by kind: hints for products and service.
SELECT
    n.kind,
    count(DISTINCT customer) AS customers,
    count(DISTINCT customer) FILTER (n.tier = 'core') AS core,
    count(DISTINCT customer) FILTER (n.tier = 'additional') AS additional,
    count(DISTINCT customer) FILTER (n.tier = 'latent') AS latent
FROM standing
JOIN needs n USING (customer)
WHERE is_here AND n.is_current AND n.state <> 'met'
GROUP BY n.kind
ORDER BY customers DESC, n.kind
