-- Complaints, open until they are settled, and whether somebody has asked for the need behind each.
SELECT
    c.customer,
    c.key AS row,
    c.holds_from AS raised_on,
    c.signal,
    c.severity,
    c.settled_on IS NOT NULL AS settled,
    c.settled_on,
    coalesce(c.settled_on, as_of()) - c.holds_from AS days_open,
    a.state IS NOT NULL AND a.state IN ('done', 'declined') AS need_asked,
    CASE WHEN a.state = 'snoozed' THEN a.until END AS need_put_off_until
FROM complaints c
LEFT JOIN actions a
    ON a.customer = c.customer AND a.about = c.key AND a.action = 'check-need-behind-complaint' AND a.is_current
WHERE c.holds_from <= as_of()
