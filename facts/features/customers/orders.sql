-- The first and the last order, the usual gap between orders, and the longest that is to be expected.
--
-- What lies before the records is unknown: the first order in the records is the first ever only if they reach back
-- to the first business, and the last order is known only if nothing can have come after it unrecorded. A gap in
-- the records would look like a pause of the customer, so gaps come from the last unbroken stretch.
--
-- The longest gap is the one that one gap in twenty exceeds, if orders come at random and at the customer's own pace.
-- A pace that rests on few gaps is uncertain: one order in 60 days (S3: a trial takes 2 to 4 months; design) is added
-- to them as if it had been seen. Then (60 + days seen) / (60 + days seen + gap), raised to one more than the number
-- of gaps seen, is the chance of so long a gap.
WITH
    paced AS (
        SELECT customer, holds_from, lag(holds_from) OVER (PARTITION BY customer ORDER BY holds_from) AS before
        FROM orders
        WHERE kind = 'order'
    ),
    of_orders AS (SELECT customer, recorded_from, since FROM recorded WHERE collection = 'orders'),
    -- Two orders on one day are one occasion; three occasions have two gaps.
    seen AS (
        SELECT customer, holds_from, CASE WHEN before >= since AND before < holds_from THEN holds_from - before END AS gap
        FROM paced
        LEFT JOIN of_orders USING (customer)
    ),
    dates AS (
        SELECT
            customer,
            count(*) AS orders,
            min(holds_from) AS first_on,
            max(holds_from) AS last_on,
            count(gap) AS gaps,
            sum(gap) AS days,
            quantile_disc(gap, 0.5) AS usual_gap
        FROM seen
        GROUP BY customer
    ),
    known AS (
        SELECT
            c.key AS customer,
            k.since,
            CASE WHEN d.gaps >= 2 THEN d.usual_gap END AS gap,
            CASE
                WHEN d.gaps >= 1 THEN least(ceil((60 + d.days) * (pow(20, 1.0 / (1 + d.gaps)) - 1)), 100000)::BIGINT
            END AS longest,
            d.first_on,
            CASE WHEN k.recorded_from IS NOT NULL THEN coalesce(d.orders, 0) ELSE d.orders END AS orders,
            k.since <= coalesce(c.first_business_on, DATE '0001-01-01') AS from_first,
            CASE WHEN k.since <= d.last_on THEN d.last_on END AS last_on
        FROM customers c
        LEFT JOIN of_orders k ON k.customer = c.key
        LEFT JOIN dates d ON d.customer = c.key
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
    gap AS order_gap_days,
    longest AS longest_gap_days
FROM known
