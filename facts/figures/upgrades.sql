-- P3: of the customers that stood on a rung of the ladder below the highest, how many stand higher now, how many lower
-- or beside the ladder. Null: the group is not entered. Those who are not in the base any more are left out.
WITH
    movers AS (
        SELECT
            *,
            coalesce(rung > rung_before, false) AS is_up,
            coalesce(rung < rung_before, stage IS NOT NULL) AS is_down
        FROM standing
        WHERE is_here AND rung_before < (SELECT max(rung) FROM rungs)
    ),
    grouped AS (
        SELECT 'stage' AS dimension, stage_before AS member, is_up, is_down FROM movers
        UNION ALL
        SELECT 'account_manager', account_manager, is_up, is_down FROM movers
        UNION ALL
        SELECT 'industry', industry, is_up, is_down FROM movers
        UNION ALL
        SELECT 'region', region, is_up, is_down FROM movers
        UNION ALL
        SELECT 'all', NULL, is_up, is_down FROM movers
    )
SELECT
    dimension,
    member,
    count(*) FILTER (is_up) AS up,
    count(*) FILTER (is_down) AS down,
    count(*) AS customers
FROM grouped
GROUP BY ALL
ORDER BY dimension, member NULLS LAST
