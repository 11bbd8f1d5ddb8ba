-- The last contact, known if nothing can have come after it unrecorded.
SELECT
    customer,
    max(holds_from) AS last_interaction_on,
    as_of() - max(holds_from) AS days_since_last_interaction
FROM interactions
JOIN recorded USING (customer)
WHERE collection = 'interactions'
GROUP BY customer
HAVING max(holds_from) >= any_value(since)
