-- What is known of how each customer looks, trait by trait. Region and country say the same twice, so both are its `place`.
SELECT customer, dimension, trait, value
FROM (
    SELECT customer, 'industry' AS dimension, 'industry' AS trait, look.industry AS value FROM looks
    UNION ALL
    SELECT customer, 'place', 'region', look.region FROM looks
    UNION ALL
    SELECT customer, 'place', 'country', look.country FROM looks
    UNION ALL
    SELECT customer, 'legal_form', 'legal_form', look.legal_form FROM looks
    UNION ALL
    SELECT customer, 'size', 'size', look.size FROM looks
)
WHERE value IS NOT NULL
