-- Advised actions as they stand.
SELECT customer, key AS row, action, nullif(about, '') AS about, state, advised_on, due_on, until, holds_from AS since
FROM actions
WHERE is_current
