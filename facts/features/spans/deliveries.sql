-- How punctually we deliver. A delivery agreed within the span counts once its promised day has come.
--
-- Late: arrived after that day, or is still on its way. Where arrivals are not recorded, the day of shipping counts.
WITH
    covered AS (
        SELECT customer, span FROM recorded JOIN spans ON since <= first_day WHERE collection = 'deliveries'
    ),
    counts AS (
        SELECT
            customer,
            span,
            count(*) AS due,
            count(*) FILTER (coalesce(delivered_on, shipped_on, as_of()) > promised_on) AS late
        FROM deliveries
        JOIN spans ON holds_from BETWEEN first_day AND last_day
        WHERE promised_on <= as_of()
        GROUP BY customer, span
    )
SELECT
    customer,
    span,
    coalesce(due, 0) AS deliveries,
    coalesce(late, 0) AS late_deliveries,
    quotient(100 * (due - late)::HUGEINT, due) AS on_time_rate
FROM covered
LEFT JOIN counts USING (customer, span)
