-- The terms of cooperation that stand. The credit limit is worth what its currency is worth on the as-of day.
WITH
    terms AS (
        SELECT *
        FROM agreements
        WHERE is_current AND kind = 'cooperation'
        QUALIFY row_number() OVER (PARTITION BY customer ORDER BY holds_from DESC, key DESC) = 1
    )
SELECT
    t.customer,
    t.state AS cooperation_agreement,
    t.payment_days,
    round(t.credit_limit * r.rate_to_base, 2)::DECIMAL(18, 2) AS credit_limit
FROM terms t
LEFT JOIN day_rates r ON r.currency = t.currency AND r.day = as_of()
