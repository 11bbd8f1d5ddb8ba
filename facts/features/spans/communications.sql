-- How much we conveyed, by how many different media, and how much of it was accepted.
WITH
    covered AS (
        SELECT customer, span FROM recorded JOIN spans ON since <= first_day WHERE collection = 'communications'
    ),
    counts AS (
        SELECT
            customer,
            span,
            count(*) AS communications,
            count(DISTINCT medium) AS media,
            count(*) FILTER (outcome = 'accepted') AS accepted
        FROM communications
        JOIN spans ON holds_from BETWEEN first_day AND last_day
        GROUP BY customer, span
    )
SELECT
    customer,
    span,
    coalesce(communications, 0) AS communications,
    coalesce(media, 0) AS media,
    coalesce(accepted, 0) AS accepted
FROM covered
LEFT JOIN counts USING (customer, span)
