-- How far the customer has come with each kind of our value, and with the way of cooperation.
WITH
    present AS (
        SELECT customer, value_kind, max_by(level, (holds_from, key)) AS level
        FROM perceptions
        WHERE is_current
        GROUP BY customer, value_kind
    )
SELECT
    customer,
    map_from_entries(list((value_kind, level)) FILTER (value_kind <> 'cooperation')) AS perception,
    any_value(level) FILTER (value_kind = 'cooperation') AS cooperation_acceptance
FROM present
GROUP BY customer
