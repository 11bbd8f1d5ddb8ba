-- How far the customer has come with the way of cooperation.
SELECT customer, max_by(level, (holds_from, key)) AS cooperation_acceptance
FROM perceptions
WHERE is_current AND value_kind = 'cooperation'
GROUP BY customer
