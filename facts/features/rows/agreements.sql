-- Terms of cooperation and outcome-based offers that stand. Limits are worth what their currency is worth on the
-- as-of day.
SELECT
    a.customer,
    a.key AS row,
    a.kind,
    a.state,
    a.payment_days,
    round(a.credit_limit * r.rate_to_base, 2)::DECIMAL(18, 2) AS credit_limit,
    a.measure IS NOT NULL AS has_measure,
    a.holds_from AS since
FROM agreements a
LEFT JOIN day_rates r ON r.currency = a.currency AND r.day = as_of()
WHERE a.is_current
