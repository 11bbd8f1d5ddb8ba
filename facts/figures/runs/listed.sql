-- Who is named in the report, by list, those first who contribute most; `total` says how many belong to the list.
WITH
    listed AS (
        SELECT 'undecided' AS list, * FROM changes WHERE is_undecided
        UNION ALL
        SELECT change, * FROM changes WHERE change IS NOT NULL
        UNION ALL
        SELECT 'propose_' || proposal, * FROM changes WHERE proposal IS NOT NULL
        UNION ALL
        SELECT 'problem', * FROM changes WHERE stage = 'problem' AND stage_before IS DISTINCT FROM 'problem'
        UNION ALL
        SELECT 'stalled', * FROM changes WHERE list_contains(signs_gained, 'stalled')
        UNION ALL
        SELECT 'value', *
        FROM changes
        WHERE was_here AND is_here AND NOT is_undecided AND value IS DISTINCT FROM value_before
        UNION ALL
        SELECT 'actions', *
        FROM changes
        WHERE was_here AND is_here AND len(actions_gained) + len(actions_lost) > 0
    )
SELECT * EXCLUDE (actions, actions_before, is_undecided), count(*) OVER (PARTITION BY list) AS total
FROM listed
QUALIFY row_number() OVER (PARTITION BY list ORDER BY contribution DESC NULLS LAST, customer) <= most_listed()
ORDER BY list, contribution DESC NULLS LAST, customer
