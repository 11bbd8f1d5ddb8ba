-- Of each rule, for how many customers it advised something, for how many that was done or declined, and how many of those
-- for whom it was done accepted a value or moved up within the days that we follow. That it followed does not say that it
-- was caused. Advice counts from published runs and from what was entered.
WITH
    advised AS (
        SELECT rule, customer FROM entered
        UNION
        SELECT l.rule, a.customer
        FROM advice a
        JOIN rule_lists l USING (run, rule_list)
        SEMI JOIN standing USING (customer)
    ),
    done AS (SELECT DISTINCT rule, customer, day, advised_on FROM entered WHERE state = 'done'),
    followed AS (
        SELECT
            rule,
            customer,
            bool_or(
                EXISTS (
                    SELECT 1
                    FROM communications c
                    WHERE
                        c.customer = d.customer
                        AND c.outcome = 'accepted'
                        AND c.holds_from >= d.advised_on
                        AND c.heard_on BETWEEN d.day AND d.day + follow_days()
                )
            ) AS accepted,
            bool_or(
                EXISTS (
                    SELECT 1
                    FROM moves m
                    WHERE m.customer = d.customer AND m.is_up AND m.day BETWEEN d.day AND d.day + follow_days()
                )
            ) AS moved,
            bool_and(d.day > as_of() - follow_days()) AS is_recent
        FROM done d
        GROUP BY rule, customer
    ),
    declined AS (SELECT DISTINCT rule, customer FROM entered WHERE state = 'declined')
SELECT
    a.rule,
    count(DISTINCT a.customer) AS advised,
    count(f.customer) AS done,
    count(*) FILTER (f.accepted) AS accepted,
    count(*) FILTER (f.moved) AS moved,
    count(*) FILTER (f.is_recent AND NOT (f.accepted AND f.moved)) AS still_open,
    count(d.customer) AS declined
FROM advised a
LEFT JOIN followed f ON f.rule IS NOT DISTINCT FROM a.rule AND f.customer = a.customer
LEFT JOIN declined d ON d.rule IS NOT DISTINCT FROM a.rule AND d.customer = a.customer
GROUP BY a.rule
ORDER BY done DESC, declined DESC, advised DESC, a.rule NULLS LAST
