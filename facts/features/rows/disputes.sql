-- Conflicts of interest or understanding, as they stand. A dispute began no later than its first record says.
WITH
    histories AS (
        SELECT
            *,
            least(began_on, min(holds_from) OVER (PARTITION BY key)) AS began,
            CASE WHEN settled THEN holds_from END AS settled_from
        FROM disputes
        WHERE holds_from <= as_of()
    )
SELECT
    customer,
    key AS row,
    began AS began_on,
    coalesce(settled_from, as_of()) - began AS days_open,
    talks_held,
    settled,
    settled_from AS settled_on,
    cooperation_broken
FROM histories
WHERE is_current
