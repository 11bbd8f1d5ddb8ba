-- Opportunities: how many begin, are won and are lost. Amounts are converted at the rate of the closing day; where an
-- amount or a rate is missing, so is the sum.
WITH
    covered AS (
        SELECT customer, span FROM recorded JOIN spans ON since <= first_day WHERE collection = 'opportunities'
    ),
    -- Each counts where it began, and where it closed.
    steps AS (
        SELECT customer, holds_from AS day, 1 AS begun, NULL AS won, NULL::DECIMAL(38, 12) AS amount
        FROM opportunities
        UNION ALL
        SELECT customer, closed_on, NULL, won, o.amount * r.rate_to_base
        FROM opportunities o
        LEFT JOIN day_rates r ON r.currency = o.currency AND r.day = o.closed_on
        WHERE closed_on IS NOT NULL
    ),
    counts AS (
        SELECT
            customer,
            span,
            count(begun) AS begun,
            count(*) FILTER (won) AS won,
            count(*) FILTER (NOT won) AS lost,
            sum(amount) FILTER (won) AS won_amount,
            count(amount) FILTER (won) AS known
        FROM steps
        JOIN spans ON day BETWEEN first_day AND last_day
        GROUP BY customer, span
    )
SELECT
    customer,
    span,
    coalesce(begun, 0) AS opportunities,
    coalesce(won, 0) AS won,
    coalesce(lost, 0) AS lost,
    CASE WHEN coalesce(won = known, true) THEN round(coalesce(won_amount, 0), 2) END::DECIMAL(18, 2) AS won_amount
FROM covered
LEFT JOIN counts USING (customer, span)
