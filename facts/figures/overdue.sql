-- P6: actions that somebody took on and that should be done by now.
SELECT customer, s.name, s.account_manager, a.action, a.due_on, as_of() - a.due_on AS days
FROM standing s
JOIN actions a USING (customer)
WHERE s.is_here AND a.is_current AND a.state IN ('open', 'accepted') AND a.due_on < as_of()
ORDER BY days DESC, customer, a.action, a.key
