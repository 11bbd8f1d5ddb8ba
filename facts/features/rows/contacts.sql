-- People at the customer: their role, nothing personal.
SELECT customer, key AS row, role, holds_from AS since
FROM contacts
WHERE is_current
