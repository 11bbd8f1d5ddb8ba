-- What somebody has judged: one verdict for each criterion.
SELECT customer, criterion AS member, max_by(verdict, (holds_from, key)) AS judgement
FROM assessments
WHERE is_current
GROUP BY customer, criterion
