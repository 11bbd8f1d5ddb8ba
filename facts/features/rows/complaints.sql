-- Complaints, open until they are settled.
SELECT
    customer,
    key AS row,
    holds_from AS raised_on,
    signal,
    severity,
    settled_on IS NOT NULL AS settled,
    settled_on,
    coalesce(settled_on, as_of()) - holds_from AS days_open
FROM complaints
WHERE holds_from <= as_of()
