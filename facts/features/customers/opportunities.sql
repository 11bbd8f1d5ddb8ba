-- The first and the last opportunity won; the last is known only if nothing can have come after it unrecorded.
WITH
    wins AS (
        SELECT customer, min(closed_on) AS first_on, max(closed_on) AS last_on
        FROM opportunities
        WHERE won
        GROUP BY customer
    )
SELECT
    c.key AS customer,
    first_on AS first_recorded_win_on,
    as_of() - first_on AS days_since_first_recorded_win,
    CASE WHEN since <= last_on THEN as_of() - last_on END AS days_since_last_win,
    as_of() - since AS days_opportunities_recorded
FROM customers c
LEFT JOIN recorded k ON k.customer = c.key AND k.collection = 'opportunities'
LEFT JOIN wins w ON w.customer = c.key
