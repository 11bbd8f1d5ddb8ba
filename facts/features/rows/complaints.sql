-- Complaints, open until they are settled, and whether somebody has asked for the need behind each: that is an action
-- of its own about each of them (D5), by whatever keys it is on record. Its id stands in `facts/counted_actions.py` too.
WITH
    asked AS (
        SELECT customer, about, max_by({state: state, until: until}, (holds_from, key)) AS last
        FROM actions
        WHERE action = 'check-need-behind-complaint' AND is_current
        GROUP BY customer, about
    )
SELECT
    c.customer,
    c.key AS row,
    c.holds_from AS raised_on,
    c.signal,
    c.severity,
    c.settled_on IS NOT NULL AS settled,
    c.settled_on,
    coalesce(c.settled_on, as_of()) - c.holds_from AS days_open,
    coalesce(last.state IN ('done', 'declined'), false) AS need_asked,
    CASE WHEN last.state = 'snoozed' THEN last.until END AS need_put_off_until
FROM complaints c
LEFT JOIN asked a ON a.customer = c.customer AND a.about = c.key
WHERE c.holds_from <= as_of()
