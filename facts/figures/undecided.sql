-- Customers whose records do not fit the rules: where they stand is not known.
SELECT s.*
FROM standing s
JOIN now n USING (customer)
WHERE s.is_here AND n.stalled IS NULL
ORDER BY s.customer
