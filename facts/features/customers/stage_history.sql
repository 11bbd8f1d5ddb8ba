-- The stage that stands confirmed, since when, and the one before.
--
-- Confirming a stage again does not begin it anew. Of a merged customer only its own history counts, unless it
-- has none.
WITH
    history AS (
        SELECT *
        FROM stage_history
        WHERE holds_from <= as_of()
        QUALIFY key = customer OR NOT bool_or(key = customer) OVER (PARTITION BY customer)
    ),
    steps AS (
        SELECT
            *,
            lag(stage) OVER (PARTITION BY customer ORDER BY holds_from, key) AS stage_before
        FROM history
    ),
    summed AS (
        SELECT
            customer,
            max_by({stage: stage, until: override_until}, (holds_from, key)) FILTER (is_current) AS present,
            max(holds_from) FILTER (stage IS DISTINCT FROM stage_before) AS stage_since,
            max_by(stage_before, (holds_from, key)) FILTER (stage IS DISTINCT FROM stage_before) AS stage_before
        FROM steps
        GROUP BY customer
    )
SELECT
    customer,
    present.stage,
    stage_since,
    as_of() - stage_since AS days_in_stage,
    stage_before,
    present.until AS stage_override_until
FROM summed
WHERE present IS NOT NULL
