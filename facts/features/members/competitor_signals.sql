-- How strong the strongest known competitor is in each kind of value.
SELECT
    customer,
    value_kind AS member,
    max_by(strength, CASE strength WHEN 'weak' THEN 1 WHEN 'equal' THEN 2 WHEN 'strong' THEN 3 END)
        AS competitor_strength
FROM competitor_signals
WHERE is_current AND value_kind IS NOT NULL AND strength IS NOT NULL
GROUP BY customer, value_kind
