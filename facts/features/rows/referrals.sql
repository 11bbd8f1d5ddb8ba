-- Recommendations of us by the customer.
SELECT customer, key AS row, holds_from AS made_on, kind = 'public_praise' AS public
FROM referrals
WHERE holds_from <= as_of()
