-- How competitors stand with the customer.
SELECT customer, key AS row, value_kind, strength, disturbing, holds_from AS since
FROM competitor_signals
WHERE is_current
