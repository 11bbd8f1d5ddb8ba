-- Values that we conveyed to these customers within the days we look back on, with the stage at which each stood then.
SELECT
    c.customer,
    c.value_kind,
    c.medium,
    c.holds_from AS sent_on,
    c.heard_on,
    c.outcome,
    CASE WHEN h.holds_until <= c.holds_from THEN NULL ELSE h.stage END AS stage_then
FROM communications c
SEMI JOIN (FROM standing WHERE is_here) s USING (customer)
ASOF LEFT JOIN (FROM stage_history WHERE key = customer) h
    ON h.customer = c.customer AND c.holds_from >= h.holds_from
WHERE c.holds_from >= as_of() - look_back_days()
