-- What somebody said last of each fact that a pack declares for itself, as it was written.
SELECT customer, fact, max_by(value, (holds_from, key)) AS value
FROM own_facts
WHERE is_current
GROUP BY customer, fact
