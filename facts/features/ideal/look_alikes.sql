-- B1: customers that bought nothing in 365 days and share enough traits with a product's ideal customer; `place` is the place of
-- the product among those that a customer resembles.
SELECT
    customer,
    subject,
    count(*) AS traits,
    list(p.trait ORDER BY p.lift DESC, p.trait) AS shared,
    product(p.lift)::DECIMAL(18, 2) AS lift,
    row_number() OVER (PARTITION BY customer ORDER BY count(*) DESC, product(p.lift) DESC, subject) AS place
FROM traits t
ANTI JOIN uses USING (customer)
JOIN profiles p ON p.trait = t.trait AND p.value = t.value
GROUP BY customer, subject
HAVING count(*) >= shared_traits()
ORDER BY subject, traits DESC, lift DESC, customer
