-- What each customer bought in 365 days, by product; by category if that is recorded and products are too many.
-- Where no orders are recorded at all, what was won counts.
WITH
    -- (Not materialized: to read the columns again takes a tenth of the time that it takes to keep them.)
    amounts AS NOT MATERIALIZED (
        SELECT customer, product, product_category, amount, coalesce(currency, base_currency()) AS currency, holds_from AS day
        FROM order_lines
        WHERE goods
        UNION ALL
        SELECT customer, product, NULL, amount, coalesce(currency, base_currency()), closed_on
        FROM opportunities
        WHERE won AND NOT EXISTS (FROM order_lines)
    ),
    lately AS NOT MATERIALIZED (FROM amounts WHERE day BETWEEN as_of() - 365 AND as_of()),
    -- The rate of each day that occurs, looked up once and not for each row.
    day_rates AS (
        SELECT d.currency, d.day, r.rate_to_base
        FROM (SELECT DISTINCT currency, day FROM lately) d
        ASOF LEFT JOIN rates r ON r.currency = d.currency AND d.day >= r.holds_from
    ),
    form AS (
        SELECT count(DISTINCT product) > most_products() AND count(product_category) > 0 AS by_category FROM lately
    )
SELECT subject, customer, sum(worth) AS amount
FROM (
    SELECT CASE WHEN by_category THEN product_category ELSE product END AS subject, l.customer, l.amount * r.rate_to_base AS worth
    FROM form
    CROSS JOIN lately l
    LEFT JOIN day_rates r ON r.currency = l.currency AND r.day = l.day
)
WHERE subject IS NOT NULL
GROUP BY subject, customer
HAVING sum(worth) > 0
