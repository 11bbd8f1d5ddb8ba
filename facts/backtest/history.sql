-- What a customer's orders tell up to the date, for those with an order: RFM quintiles, and what models of buying and
-- dying take. Revenue is that of features/spans/orders.sql: goods ordered less goods returned, at the rate of the day.
--
-- Quintiles are numbered from 1 (worst) to 5 (best): how long ago the last order is, orders and revenue of 365 days.
-- The models count days on which goods were ordered: `repeats` are those after the first, `recency` the days from the
-- first to the last, `age` from the first to today, `value` what was ordered on such a day after the first, on average. Sums are exact, whatever the order in which rows come.
WITH
    day_rates AS (
        SELECT d.currency, d.holds_from, r.rate_to_base
        FROM (SELECT DISTINCT currency, holds_from FROM order_lines) d
        ASOF LEFT JOIN rates r ON r.currency = d.currency AND d.holds_from >= r.holds_from
    ),
    days AS (
        SELECT
            l.customer,
            l.holds_from AS day,
            sum(l.amount * r.rate_to_base) AS revenue,
            sum(l.amount * r.rate_to_base) FILTER (l.kind = 'order') AS ordered
        FROM order_lines l
        JOIN day_rates r ON r.currency = l.currency AND r.holds_from = l.holds_from
        WHERE l.goods AND l.kind IN ('order', 'return')
        GROUP BY ALL
    ),
    year AS (
        SELECT customer, sum(revenue) AS revenue FROM days WHERE day BETWEEN as_of() - 365 AND as_of() GROUP BY customer
    ),
    placed AS (
        SELECT
            customer,
            min(holds_from) AS first_on,
            max(holds_from) AS last_on,
            count(DISTINCT holds_from) - 1 AS repeats,
            count(*) FILTER (holds_from >= as_of() - 365) AS orders
        FROM orders
        WHERE kind = 'order'
        GROUP BY customer
    ),
    later AS (
        SELECT d.customer, sum(d.ordered)::DOUBLE / count(*) AS value
        FROM days d
        JOIN placed p ON p.customer = d.customer AND d.day > p.first_on
        WHERE d.ordered > 0
        GROUP BY d.customer
    ),
    known AS (
        SELECT
            p.customer,
            as_of() - p.last_on AS days_since,
            p.orders,
            coalesce(y.revenue, 0)::DOUBLE AS revenue,
            p.repeats,
            p.last_on - p.first_on AS recency,
            as_of() - p.first_on AS age,
            l.value
        FROM placed p
        JOIN customers c ON c.key = p.customer
        LEFT JOIN year y ON y.customer = p.customer
        LEFT JOIN later l ON l.customer = p.customer
    )
SELECT
    *,
    ntile(5) OVER (ORDER BY days_since DESC, customer) AS r,
    ntile(5) OVER (ORDER BY orders, customer) AS f,
    ntile(5) OVER (ORDER BY revenue, customer) AS m
FROM known
ORDER BY customer
