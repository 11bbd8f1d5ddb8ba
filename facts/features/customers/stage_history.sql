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
    changes AS (
        SELECT
            customer,
            max(holds_from) AS stage_since,
            max_by(stage_before, (holds_from, key)) FILTER (stage_before IS NOT NULL) AS stage_before
        FROM steps
        WHERE stage IS DISTINCT FROM stage_before
        GROUP BY customer
    ),
    present AS (
        SELECT *
        FROM history
        WHERE is_current
        QUALIFY row_number() OVER (PARTITION BY customer ORDER BY holds_from DESC, key DESC) = 1
    )
SELECT
    customer,
    p.stage,
    c.stage_since,
    as_of() - c.stage_since AS days_in_stage,
    c.stage_before,
    p.override_until AS stage_override_until
FROM present p
JOIN changes c USING (customer)
