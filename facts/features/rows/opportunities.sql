-- Chances of business. Amounts are converted at the rate of the closing day.
SELECT
    o.customer,
    o.key AS row,
    o.holds_from AS engaged_on,
    CASE WHEN o.closed_on IS NULL THEN o.open_stage WHEN o.won THEN 'won' WHEN NOT o.won THEN 'lost' END AS state,
    o.closed_on,
    round(o.amount * r.rate_to_base, 2)::DECIMAL(18, 2) AS amount,
    coalesce(o.closed_on, as_of()) - o.holds_from AS days_open
FROM opportunities o
LEFT JOIN day_rates r ON r.currency = o.currency AND r.day = coalesce(o.closed_on, o.holds_from)
WHERE o.holds_from <= as_of()
