-- Values that we conveyed, and what was heard of them.
SELECT
    customer,
    key AS row,
    holds_from AS sent_on,
    value_kind,
    medium,
    speaker_role,
    audience_role,
    cost_class,
    intended_level,
    heard_on IS NOT NULL AS heard,
    heard_on,
    outcome,
    CASE WHEN heard_on IS NULL THEN as_of() - holds_from END AS days_unheard
FROM communications
WHERE holds_from <= as_of()
