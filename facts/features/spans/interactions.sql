-- How often we are in touch, and who seeks the contact; unknown if it was not noted every time.
WITH
    covered AS (
        SELECT customer, span FROM recorded JOIN spans ON since <= first_day WHERE collection = 'interactions'
    ),
    counts AS (
        SELECT
            customer,
            span,
            count(*) AS interactions,
            count(*) FILTER (direction IN ('theirs', 'both')) AS initiatives,
            count(*) = count(direction) AS complete
        FROM interactions
        JOIN spans ON holds_from BETWEEN first_day AND last_day
        GROUP BY customer, span
    )
SELECT
    customer,
    span,
    coalesce(interactions, 0) AS interactions,
    CASE WHEN coalesce(complete, true) THEN coalesce(initiatives, 0) END AS customer_initiatives
FROM covered
LEFT JOIN counts USING (customer, span)
