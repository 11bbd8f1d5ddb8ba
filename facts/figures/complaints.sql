-- B4: what customers complained of within the days we look back on: hints for products and service.
SELECT
    c.signal,
    count(*) AS complaints,
    count(DISTINCT customer) AS customers,
    count(*) FILTER (c.settled_on IS NULL) AS open
FROM standing
JOIN complaints c USING (customer)
WHERE is_here AND c.holds_from >= as_of() - look_back_days()
GROUP BY c.signal
ORDER BY complaints DESC, c.signal NULLS LAST
