-- How far the customer has come with each kind of our value.
SELECT customer, value_kind AS member, max_by(level, (holds_from, key)) AS perception
FROM perceptions
WHERE is_current AND value_kind <> 'cooperation'
GROUP BY customer, value_kind
