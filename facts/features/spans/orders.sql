-- Frequency and value of orders, from `orders` and `order_lines`.
--
-- Revenue is goods ordered less goods returned. Adjustments (bad debts and the like) are no revenue, and postage,
-- fees and discounts on the whole order (`goods` false) are not counted. Amounts are converted at the rate of
-- the order's day. Where a rate is missing, or an order has no lines, so are the sums.
WITH
    covered AS (
        SELECT customer, span FROM recorded JOIN spans ON since <= first_day WHERE collection = 'orders'
    ),
    -- A salesperson and a product is a group first, so that no distinct values need be counted. A span has fewer than
    -- 32 months, so the bits of a number tell them apart. (Not `month()`, which fills a table of days when it begins.)
    by_seller AS (
        SELECT
            customer,
            span,
            salesperson,
            count(*) FILTER (kind = 'order') AS orders,
            count(*) FILTER (kind = 'return') AS returns,
            bit_or(1 << (12 * date_part('year', holds_from) + date_part('month', holds_from)) % 32)
                FILTER (kind = 'order') AS months,
            count(*) = count(order_key) AS itemised
        FROM orders
        LEFT JOIN (SELECT DISTINCT order_key FROM order_lines) ON order_key = key
        JOIN spans ON holds_from BETWEEN first_day AND last_day
        GROUP BY customer, span, salesperson
    ),
    counts AS (
        SELECT
            customer,
            span,
            sum(orders)::BIGINT AS orders,
            sum(returns)::BIGINT AS returns,
            bit_count(bit_or(months))::BIGINT AS months,
            CASE WHEN count(*) = count(salesperson) THEN count(salesperson) END AS salespeople,
            bool_and(itemised) AS itemised
        FROM by_seller
        GROUP BY customer, span
    ),
    daily AS (
        SELECT customer, kind, holds_from, currency, sum(amount)::DECIMAL(20, 4) AS amount
        FROM order_lines
        WHERE goods AND kind IN ('order', 'return')
        GROUP BY ALL
    ),
    values AS (
        SELECT
            customer,
            span,
            sum(d.amount * r.rate_to_base) AS revenue,
            coalesce(sum(d.amount * r.rate_to_base) FILTER (kind = 'order'), 0) AS ordered,
            count(*) = count(r.rate_to_base) AS convertible
        FROM daily d
        LEFT JOIN day_rates r ON r.currency = d.currency AND r.day = d.holds_from
        JOIN spans ON d.holds_from BETWEEN first_day AND last_day
        GROUP BY customer, span
    ),
    products AS (
        SELECT customer, span, product
        FROM order_lines
        JOIN spans ON holds_from BETWEEN first_day AND last_day
        WHERE goods AND kind = 'order'
        GROUP BY customer, span, product
    ),
    assortments AS (SELECT customer, span, count(product) AS products FROM products GROUP BY customer, span)
SELECT
    customer,
    span,
    coalesce(orders, 0) AS orders,
    coalesce(returns, 0) AS returns,
    coalesce(months, 0) AS months_active,
    CASE WHEN orders IS NULL THEN 0 ELSE salespeople END AS salespeople,
    CASE WHEN coalesce(itemised, true) THEN coalesce(products, 0) END AS distinct_products,
    CASE
        WHEN coalesce(itemised, true) AND coalesce(convertible, true) THEN round(coalesce(revenue, 0), 2)
    END::DECIMAL(18, 2) AS revenue,
    CASE WHEN itemised AND convertible THEN quotient(ten_thousandths(ordered), 10000 * orders) END AS average_order,
    CASE
        WHEN coalesce(itemised, true) AND convertible AND ordered > 0 AND ordered = revenue THEN 0
        WHEN coalesce(itemised, true) AND convertible AND ordered > 0
            THEN quotient(100 * ten_thousandths(ordered - revenue), ten_thousandths(ordered))
    END::DECIMAL(18, 2) AS return_rate
FROM covered
LEFT JOIN counts USING (customer, span)
LEFT JOIN values USING (customer, span)
LEFT JOIN assortments USING (customer, span)
