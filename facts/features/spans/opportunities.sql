-- Opportunities: how many begin, are won and are lost. Amounts are converted at the rate of the closing day; where an
-- amount or a rate is missing, so is the sum.
WITH
    covered AS (
        SELECT customer, span FROM recorded JOIN spans ON since <= first_day WHERE collection = 'opportunities'
    ),
    begun AS (
        SELECT customer, span, count(*) AS opportunities
        FROM opportunities
        JOIN spans ON holds_from BETWEEN first_day AND last_day
        GROUP BY customer, span
    ),
    closed AS (
        SELECT
            customer,
            span,
            count(*) FILTER (won) AS won,
            count(*) FILTER (NOT won) AS lost,
            sum(o.amount * r.rate_to_base) FILTER (won) AS won_amount,
            count(*) FILTER (won) = count(o.amount * r.rate_to_base) FILTER (won) AS complete
        FROM opportunities o
        LEFT JOIN day_rates r ON r.currency = o.currency AND r.day = o.closed_on
        JOIN spans ON o.closed_on BETWEEN first_day AND last_day
        GROUP BY customer, span
    )
SELECT
    customer,
    span,
    coalesce(opportunities, 0) AS opportunities,
    coalesce(won, 0) AS won,
    coalesce(lost, 0) AS lost,
    CASE WHEN coalesce(complete, true) THEN round(coalesce(won_amount, 0), 2) END::DECIMAL(18, 2) AS won_amount
FROM covered
LEFT JOIN begun USING (customer, span)
LEFT JOIN closed USING (customer, span)
