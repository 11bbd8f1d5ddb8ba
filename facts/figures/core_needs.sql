-- P5: customers with known core needs, and which of them are not met in full. A need without an entered tier is core by
-- its level: what is basic, or expected and said to be.
SELECT
    customer,
    any_value(s.name) AS name,
    any_value(s.account_manager) AS account_manager,
    bool_and(n.state = 'met') AS all_met,
    list_sort(list_distinct(list(n.kind) FILTER (n.state <> 'met'))) AS lacking
FROM standing s
JOIN needs n USING (customer)
WHERE
    s.is_here
    AND n.is_current
    AND coalesce(n.tier = 'core', n.level = 'basic' OR (n.level = 'expected' AND n.felt))
GROUP BY customer
ORDER BY customer
