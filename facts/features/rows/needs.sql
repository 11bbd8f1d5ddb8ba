-- Needs as they stand.
SELECT
    customer,
    key AS row,
    kind,
    tier,
    level,
    state,
    heart_value,
    felt,
    evidence IS NOT NULL AS has_evidence,
    holds_from AS since
FROM needs
WHERE is_current
