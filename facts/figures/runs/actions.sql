-- For how many customers each action is new, and for how many no more, of those in the base in both runs.
WITH
    each_side AS (
        SELECT unnest(actions_gained) AS action, 1 AS gained, 0 AS lost FROM changes WHERE was_here AND is_here
        UNION ALL
        SELECT unnest(actions_lost), 0, 1 FROM changes WHERE was_here AND is_here
    )
SELECT action, sum(gained)::BIGINT AS gained, sum(lost)::BIGINT AS lost
FROM each_side
GROUP BY action
ORDER BY greatest(sum(gained), sum(lost)) DESC, action
