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
    by_product AS (
        SELECT
            customer,
            span,
            product,
            sum(l.amount * r.rate_to_base) AS revenue,
            sum(l.amount * r.rate_to_base) FILTER (kind = 'order') AS ordered,
            count(*) = count(r.rate_to_base) AS convertible,
            bool_or(kind = 'order') AND product IS NOT NULL AS is_bought
        FROM order_lines l
        LEFT JOIN day_rates r ON r.currency = l.currency AND r.day = l.holds_from
        JOIN spans ON l.holds_from BETWEEN first_day AND last_day
        WHERE goods AND kind IN ('order', 'return')
        GROUP BY customer, span, product
    ),
    values AS (
        SELECT
            customer,
            span,
            sum(revenue) AS revenue,
            coalesce(sum(ordered), 0) AS ordered,
            bool_and(convertible) AS convertible,
            count(*) FILTER (is_bought) AS products
        FROM by_product
        GROUP BY customer, span
    ),
    -- `ordered` and `returned` in ten-thousandths.
    known AS (
        SELECT
            customer,
            span,
            coalesce(orders, 0) AS orders,
            coalesce(returns, 0) AS returns,
            coalesce(months, 0) AS months_active,
            CASE WHEN orders IS NULL THEN 0 ELSE salespeople END AS salespeople,
            CASE WHEN coalesce(itemised, true) THEN coalesce(products, 0) END AS distinct_products,
            CASE WHEN coalesce(itemised AND convertible, true) THEN round(coalesce(revenue, 0), 2) END::DECIMAL(18, 2)
                AS revenue,
            CASE WHEN coalesce(itemised, true) AND convertible THEN ten_thousandths(ordered) END AS ordered,
            ten_thousandths(ordered - revenue) AS returned
        FROM covered
        LEFT JOIN counts USING (customer, span)
        LEFT JOIN values USING (customer, span)
    )
SELECT
    * EXCLUDE (ordered, returned),
    quotient(ordered, 10000 * orders) AS average_order,
    CASE WHEN ordered > 0 AND returned = 0 THEN 0 WHEN ordered > 0 THEN quotient(100 * returned, ordered) END::DECIMAL(18, 2)
        AS return_rate
FROM known
