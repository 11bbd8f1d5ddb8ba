-- The first and the last order, and the usual gap between orders.
--
-- What lies before the records is unknown: the first order in the records is the first ever only if they reach back
-- to the first business, and the last order is known only if nothing can have come after it unrecorded. A gap in
-- the records would look like a pause of the customer, so the usual gap comes from the last unbroken stretch.
WITH
    dates AS (
        SELECT customer, count(*) AS orders, min(holds_from) AS first_on, max(holds_from) AS last_on
        FROM orders
        WHERE kind = 'order'
        GROUP BY customer
    ),
    gaps AS (
        SELECT customer, holds_from - lag(holds_from) OVER (PARTITION BY customer ORDER BY holds_from) AS gap
        FROM orders
        JOIN recorded USING (customer)
        WHERE kind = 'order' AND collection = 'orders' AND holds_from >= since
    ),
    -- Two orders on one day are one occasion; three occasions have two gaps.
    usual_gaps AS (
        SELECT customer, quantile_disc(gap, 0.5) AS gap
        FROM gaps
        WHERE gap > 0
        GROUP BY customer
        HAVING count(*) >= 2
    ),
    known AS (
        SELECT
            c.key AS customer,
            k.since,
            g.gap,
            d.first_on,
            CASE WHEN k.recorded_from IS NOT NULL THEN coalesce(d.orders, 0) ELSE d.orders END AS orders,
            k.since <= coalesce(c.first_business_on, DATE '0001-01-01') AS from_first,
            CASE WHEN k.since <= d.last_on THEN d.last_on END AS last_on
        FROM customers c
        LEFT JOIN recorded k ON k.customer = c.key AND k.collection = 'orders'
        LEFT JOIN dates d ON d.customer = c.key
        LEFT JOIN usual_gaps g ON g.customer = c.key
    )
SELECT
    customer,
    as_of() - since AS days_orders_recorded,
    orders AS orders_recorded,
    CASE WHEN from_first THEN orders END AS orders_total,
    first_on AS first_recorded_order_on,
    as_of() - first_on AS days_since_first_recorded_order,
    CASE WHEN from_first THEN first_on END AS first_order_on,
    CASE WHEN from_first THEN as_of() - first_on END AS days_since_first_order,
    last_on AS last_order_on,
    as_of() - last_on AS days_since_last_order,
    gap AS order_gap_days
FROM known
