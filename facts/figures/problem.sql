-- P1: customers at stage problem, by name. Their share is that of all customers with a known stage.
SELECT customer, name, account_manager
FROM standing
WHERE stage = 'problem'
ORDER BY customer
