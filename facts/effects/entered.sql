-- Advice that account managers took up, did or declined within the days we look back on, once for each rule that gave it.
-- Null: what advised it was not recorded.
SELECT
    customer,
    key,
    state,
    holds_from AS day,
    advised_on,
    CASE WHEN state = 'declined' THEN declined_because END AS because,
    unnest(coalesce(nullif(regexp_extract_all(advised_by, '"([^"]*)"', 1), []), [NULL])) AS rule
FROM actions
SEMI JOIN standing USING (customer)
WHERE holds_from >= as_of() - look_back_days()
