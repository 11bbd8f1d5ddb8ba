-- How strong the strongest known competitor is in each kind of value.
WITH
    strongest AS (
        SELECT customer, value_kind, max_by(strength, list_position(['weak', 'equal', 'strong'], strength)) AS strength
        FROM competitor_signals
        WHERE is_current AND value_kind IS NOT NULL AND strength IS NOT NULL
        GROUP BY customer, value_kind
    )
SELECT customer, map_from_entries(list((value_kind, strength))) AS competitor_strength
FROM strongest
GROUP BY customer
