-- For how many customers each sign is new, and for how many no more, of those in the base in both runs.
WITH
    each_side AS (
        SELECT unnest(signs_gained) AS sign, 1 AS gained, 0 AS lost FROM changes WHERE was_here AND is_here
        UNION ALL
        SELECT unnest(signs_lost), 0, 1 FROM changes WHERE was_here AND is_here
    )
SELECT sign, sum(gained)::BIGINT AS gained, sum(lost)::BIGINT AS lost
FROM each_side
GROUP BY sign
ORDER BY greatest(sum(gained), sum(lost)) DESC, sign
