-- How far the customer has come with each kind of our value, and with the way of cooperation.
WITH
    present AS (
        SELECT *
        FROM perceptions
        WHERE is_current
        QUALIFY row_number() OVER (PARTITION BY customer, value_kind ORDER BY holds_from DESC, key DESC) = 1
    )
SELECT
    customer,
    map_from_entries(list((value_kind, level)) FILTER (value_kind <> 'cooperation')) AS perception,
    any_value(level) FILTER (value_kind = 'cooperation') AS cooperation_acceptance
FROM present
GROUP BY customer
