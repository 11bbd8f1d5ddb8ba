-- The group that each customer belongs to today: the stage confirmed, and the segment. Null: not known.
WITH
    present AS (
        SELECT customer, max_by(stage, holds_from) AS stage
        FROM stage_history
        WHERE key = customer AND is_current
        GROUP BY customer
    )
SELECT customer, stage, segment
FROM standing
LEFT JOIN present USING (customer)
