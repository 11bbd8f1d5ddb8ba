-- B4: from how many customers we heard anything lately: a talk that they sought or that both did, feedback on a value
-- conveyed, a complaint, a recommendation. Only customers are counted of whom such things are recorded.
WITH
    heard AS (
        SELECT customer, holds_from AS day FROM interactions WHERE direction IN ('theirs', 'both')
        UNION ALL
        SELECT customer, heard_on FROM communications WHERE heard_on IS NOT NULL
        UNION ALL
        SELECT customer, holds_from FROM complaints
        UNION ALL
        SELECT customer, holds_from FROM referrals
    ),
    lately AS (SELECT DISTINCT customer FROM heard WHERE day >= as_of() - heard_within_days()),
    noted AS (
        SELECT customer
        FROM recorded
        WHERE collection IN ('interactions', 'communications') AND since IS NOT NULL
        UNION
        SELECT customer FROM lately
    )
SELECT count(*) FILTER (customer IN (FROM lately)) AS heard, count(*) AS customers
FROM standing
SEMI JOIN noted USING (customer)
WHERE is_here
