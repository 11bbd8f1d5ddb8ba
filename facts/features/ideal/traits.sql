-- What is known of each customer from the outside. Region and country say the same twice, so both are its `place`.
-- The sizes are those of the European Union (Recommendation 2003/361/EC), by staff alone.
SELECT customer, dimension, trait, value
FROM (
    SELECT key AS customer, 'industry' AS dimension, 'industry' AS trait, industry AS value FROM customers
    UNION ALL
    SELECT key, 'place', 'region', region FROM customers
    UNION ALL
    SELECT key, 'place', 'country', country FROM customers
    UNION ALL
    SELECT key, 'legal_form', 'legal_form', legal_form FROM customers
    UNION ALL
    SELECT
        key,
        'size',
        'size',
        CASE WHEN employees < 50 THEN 'small' WHEN employees < 250 THEN 'medium' WHEN employees >= 250 THEN 'large' END
    FROM customers
)
WHERE value IS NOT NULL
