-- How often the customer recommended us.
WITH
    covered AS (
        SELECT customer, span, first_day, last_day
        FROM recorded
        JOIN spans ON since <= first_day
        WHERE collection = 'referrals'
    )
SELECT c.customer, c.span, count(r.key) AS referrals
FROM covered c
LEFT JOIN referrals r ON r.customer = c.customer AND r.holds_from BETWEEN c.first_day AND c.last_day
GROUP BY c.customer, c.span
