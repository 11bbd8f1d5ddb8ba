-- The days on which a customer was confirmed on another rung of the ladder than before.
WITH
    steps AS (
        SELECT
            h.customer,
            h.holds_from AS day,
            r.rung,
            lag(r.rung IGNORE NULLS) OVER (PARTITION BY h.customer ORDER BY h.holds_from, h.key) AS rung_before
        FROM stage_history h
        SEMI JOIN standing USING (customer)
        LEFT JOIN rungs r ON r.stage = h.stage
        WHERE h.key = h.customer
    )
SELECT customer, day, coalesce(rung > rung_before, false) AS is_up
FROM steps
WHERE rung_before IS NOT NULL AND rung IS DISTINCT FROM rung_before
