-- What happened next: after the date, up to and including the last day of the outcome. A row for each customer.
--
-- Revenue is that of features/spans/orders.sql: goods ordered less goods returned, at the rate of the day. An outcome is
-- known if orders were recorded on all of these days; a complaint, if complaints were. The revenue is missing where an
-- order has no lines or a currency no rate.
WITH
    lines AS (
        SELECT customer, order_key, currency, holds_from, amount
        FROM order_lines
        WHERE goods AND kind IN ('order', 'return') AND holds_from > decided_on() AND holds_from <= outcome_until()
    ),
    day_rates AS (
        SELECT d.currency, d.holds_from, r.rate_to_base
        FROM (SELECT DISTINCT currency, holds_from FROM lines) d
        ASOF LEFT JOIN rates r ON r.currency = d.currency AND d.holds_from >= r.holds_from
    ),
    revenues AS (
        SELECT l.customer, sum(l.amount * r.rate_to_base) AS revenue, count(*) = count(r.rate_to_base) AS convertible
        FROM lines l
        JOIN day_rates r ON r.currency = l.currency AND r.holds_from = l.holds_from
        GROUP BY l.customer
    ),
    counts AS (
        SELECT
            customer,
            count(*) FILTER (kind = 'order') AS orders,
            count(DISTINCT holds_from) FILTER (kind = 'order') AS days,
            count(*) = count(order_key) AS itemised
        FROM orders
        LEFT JOIN (SELECT DISTINCT order_key FROM order_lines) ON order_key = key
        WHERE holds_from > decided_on() AND holds_from <= outcome_until()
        GROUP BY customer
    ),
    complained AS (
        SELECT customer, count(*) AS complaints
        FROM complaints
        WHERE holds_from > decided_on() AND holds_from <= outcome_until()
        GROUP BY customer
    ),
    covered AS (
        SELECT customer, collection
        FROM recorded
        WHERE recorded_from <= decided_on() + 1 AND coalesce(recorded_to, outcome_until()) >= outcome_until()
    )
SELECT
    c.key AS customer,
    o.customer IS NOT NULL AS is_known,
    coalesce(n.orders, 0) AS orders,
    coalesce(n.days, 0) AS days,
    CASE
        WHEN coalesce(n.itemised, true) AND coalesce(r.convertible, true) THEN coalesce(r.revenue, 0)
    END::DOUBLE AS revenue,
    CASE WHEN k.customer IS NOT NULL THEN coalesce(p.complaints, 0) END AS complaints
FROM customers c
LEFT JOIN covered o ON o.customer = c.key AND o.collection = 'orders'
LEFT JOIN covered k ON k.customer = c.key AND k.collection = 'complaints'
LEFT JOIN counts n ON n.customer = c.key
LEFT JOIN revenues r ON r.customer = c.key
LEFT JOIN complained p ON p.customer = c.key
ORDER BY 1
