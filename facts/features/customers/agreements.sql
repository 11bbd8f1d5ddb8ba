-- The terms of cooperation that stand. The credit limit is worth what its currency is worth on the as-of day.
WITH
    terms AS (
        SELECT
            customer,
            max_by(
                {state: state, payment_days: payment_days, credit_limit: credit_limit, currency: currency}, (holds_from, key)
            ) AS last
        FROM agreements
        WHERE is_current AND kind = 'cooperation'
        GROUP BY customer
    )
SELECT
    customer,
    last.state AS cooperation_agreement,
    last.payment_days,
    round(last.credit_limit * r.rate_to_base, 2)::DECIMAL(18, 2) AS credit_limit
FROM terms
LEFT JOIN day_rates r ON r.currency = last.currency AND r.day = as_of()
