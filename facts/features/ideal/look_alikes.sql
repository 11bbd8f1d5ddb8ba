-- B1: customers that bought nothing in 365 days and share enough traits with a product's ideal customer; `place` is the place of
-- the product among those that a customer resembles. However many customers there are, they have few looks, and each look
-- is compared once.
WITH
    others AS (FROM looks ANTI JOIN uses USING (customer)),
    alike AS (
        SELECT
            look,
            subject,
            count(*) AS traits,
            list(p.trait ORDER BY p.lift DESC, p.trait) AS shared,
            product(p.lift)::DECIMAL(18, 2) AS lift,
            row_number() OVER (PARTITION BY look ORDER BY count(*) DESC, product(p.lift) DESC, subject) AS place
        FROM (SELECT DISTINCT look FROM others)
        JOIN profiles p
            ON p.value = CASE p.trait
                WHEN 'industry' THEN look.industry
                WHEN 'region' THEN look.region
                WHEN 'country' THEN look.country
                WHEN 'legal_form' THEN look.legal_form
                WHEN 'size' THEN look.size
            END
        GROUP BY look, subject
        HAVING count(*) >= shared_traits()
    )
SELECT customer, subject, traits, shared, lift, place
FROM others
JOIN alike USING (look)
ORDER BY subject, traits DESC, lift DESC, customer
