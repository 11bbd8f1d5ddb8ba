-- What somebody has judged: one verdict for each criterion.
WITH
    present AS (
        SELECT customer, criterion, max_by(verdict, (holds_from, key)) AS verdict
        FROM assessments
        WHERE is_current
        GROUP BY customer, criterion
    )
SELECT customer, map_from_entries(list((criterion, verdict))) AS judgement
FROM present
GROUP BY customer
