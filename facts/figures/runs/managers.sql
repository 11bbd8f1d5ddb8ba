-- What changed, by account manager. Null: none is entered.
SELECT
    account_manager,
    count(*) FILTER (is_here) AS customers,
    count(*) FILTER (change = 'up') AS up,
    count(*) FILTER (change = 'down') AS down,
    count(*) FILTER (change IN ('aside', 'back')) AS beside,
    count(*) FILTER (proposal IS NOT NULL) AS proposals,
    count(*) FILTER (stage = 'problem') AS problem,
    count(*) FILTER (stage = 'problem' AND stage_before IS DISTINCT FROM 'problem') AS new_problem,
    count(*) FILTER (list_contains(signs_gained, 'stalled')) AS stalled,
    count(*) FILTER (was_here AND is_here AND value IS DISTINCT FROM value_before) AS value,
    count(*) FILTER (was_here AND is_here AND len(actions_gained) + len(actions_lost) > 0) AS actions
FROM changes
GROUP BY account_manager
ORDER BY account_manager NULLS LAST
