-- Customers whose progress has stalled by the rules (the sign `stalled`), the longest first.
SELECT s.customer, s.name, s.account_manager, s.stage, n.days_in_stage AS days
FROM standing s
JOIN now n USING (customer)
WHERE s.is_here AND n.stalled
ORDER BY days DESC NULLS LAST, s.customer
