-- P7: customers whose progress has stalled by the rules (the sign `stalled`), by name, the longest first.
SELECT customer, name, account_manager, stage, days_in_stage AS days
FROM standing
WHERE is_here AND stalled
ORDER BY days DESC NULLS LAST, customer
