-- P6: values conveyed within the days we look back on, of which we have not heard for too long how they were received.
SELECT customer, s.name, s.account_manager, t.value_kind, t.medium, t.sent_on, as_of() - t.sent_on AS days
FROM standing s
JOIN talks t USING (customer)
WHERE t.heard_on IS NULL AND as_of() - t.sent_on >= hear_after_days()
ORDER BY days DESC, customer, t.value_kind, t.medium
