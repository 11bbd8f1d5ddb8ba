-- What somebody has judged: one verdict for each criterion.
WITH
    present AS (
        SELECT *
        FROM assessments
        WHERE is_current
        QUALIFY row_number() OVER (PARTITION BY customer, criterion ORDER BY holds_from DESC, key DESC) = 1
    )
SELECT customer, map_from_entries(list((criterion, verdict))) AS judgement
FROM present
GROUP BY customer
