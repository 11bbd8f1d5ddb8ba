-- How many actions that somebody took on should be done by now.
SELECT c.key AS customer, count(a.key) AS overdue_actions
FROM customers c
LEFT JOIN actions a
    ON a.customer = c.key AND a.is_current AND a.state IN ('open', 'accepted') AND a.due_on < as_of()
GROUP BY c.key
