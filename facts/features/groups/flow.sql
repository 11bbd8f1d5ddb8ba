-- P1-P3 from the side of one customer. Of those that stood at its stage when the look-back began, in its segment or, if
-- these were too few, anywhere: how many stand higher on the ladder now, how many lower or beside it. And of its account
-- manager's customers with a confirmed stage, how many are problem customers. Null: not known, or too few.
WITH
    ladder AS (
        SELECT stage, rung
        FROM unnest(['potential', 'target', 'new', 'established', 'core', 'strategic']) WITH ORDINALITY AS t(stage, rung)
    ),
    began AS (
        SELECT customer, max_by(stage, holds_from) AS stage
        FROM stage_history
        WHERE key = customer
            AND holds_from <= as_of() - flow_days()
            AND coalesce(holds_until > as_of() - flow_days(), true)
        GROUP BY customer
    ),
    movers AS (
        SELECT
            began.stage,
            m.segment,
            coalesce(after.rung > before.rung, false) AS is_up,
            coalesce(after.rung < before.rung, m.stage IS NOT NULL) AS is_down
        FROM began
        JOIN members m USING (customer)
        JOIN ladder before ON before.stage = began.stage
        LEFT JOIN ladder after ON after.stage = m.stage
    ),
    flows AS (
        SELECT
            stage,
            segment,
            grouping(segment) = 1 AS is_any,
            count(*) AS stood,
            count(*) FILTER (is_up) AS up,
            count(*) FILTER (is_down) AS down
        FROM movers
        GROUP BY GROUPING SETS ((stage, segment), (stage))
        HAVING count(*) >= flow_least()
    ),
    managers AS (
        SELECT
            c.account_manager,
            count(*) AS customers,
            count(*) FILTER (m.stage = 'problem') AS problems
        FROM customers c
        JOIN members m ON m.customer = c.key
        WHERE m.stage IS NOT NULL
        GROUP BY c.account_manager
    )
SELECT
    m.customer,
    g.customers AS manager_customers,
    g.problems AS manager_problems,
    coalesce(own.stood, any_segment.stood) AS group_customers,
    coalesce(own.up, any_segment.up) AS group_up,
    coalesce(own.down, any_segment.down) AS group_down
FROM members m
JOIN customers c ON c.key = m.customer
LEFT JOIN managers g ON g.account_manager = c.account_manager
LEFT JOIN flows own ON NOT own.is_any AND own.stage = m.stage AND own.segment IS NOT DISTINCT FROM m.segment
LEFT JOIN flows any_segment ON any_segment.is_any AND any_segment.stage = m.stage
ORDER BY m.customer
