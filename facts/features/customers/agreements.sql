-- The terms of cooperation that stand. The credit limit is worth what its currency is worth on the as-of day.
WITH
    terms AS (
        SELECT *, as_of() AS today
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
ASOF LEFT JOIN rates r ON r.currency = t.currency AND t.today >= r.holds_from
