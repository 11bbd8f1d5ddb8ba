-- B1: the ideal customer of each product: traits that its heaviest users share far more often than the whole base.
--
-- The heaviest users are the top share by amount, but at least so many; a product with fewer than twice as many users
-- has no profile. Shares are among those of whom the trait is known. Of region and country the more telling one counts.
WITH
    -- Only amounts that may be among the heaviest are put in order; a few more than are wanted, as the place of a quantile is
    -- a binary fraction.
    limits AS (
        SELECT
            subject,
            count(*) AS users,
            greatest(ceil(count(*) * top_share() / 100), least_users()) AS wanted,
            CASE
                WHEN count(*) * top_share() / 100 >= least_users() THEN quantile_disc(amount, 0.99 - 0.0099 * top_share())
                ELSE 0
            END AS least_amount
        FROM uses
        GROUP BY subject
        HAVING count(*) >= 2 * least_users()
    ),
    heaviest AS (
        SELECT subject, customer, users, count(*) OVER (PARTITION BY subject) AS heaviest
        FROM (
            SELECT u.subject, u.customer, l.users
            FROM uses u
            JOIN limits l ON l.subject = u.subject AND u.amount >= l.least_amount
            QUALIFY row_number() OVER (PARTITION BY u.subject ORDER BY u.amount DESC, u.customer) <= l.wanted
        )
    ),
    in_base AS (
        SELECT trait, value, count(*) AS having, sum(count(*)) OVER (PARTITION BY trait) AS known
        FROM traits
        GROUP BY trait, value
    ),
    among AS (
        SELECT
            subject,
            any_value(users) AS users,
            any_value(heaviest) AS heaviest,
            dimension,
            trait,
            value,
            count(*) AS having,
            sum(count(*)) OVER (PARTITION BY subject, trait) AS known
        FROM heaviest
        JOIN traits USING (customer)
        GROUP BY subject, dimension, trait, value
    )
SELECT
    subject,
    users,
    heaviest,
    dimension,
    trait,
    value,
    a.having::BIGINT AS having,
    a.known::BIGINT AS known,
    b.having::BIGINT AS base_having,
    b.known::BIGINT AS base_known,
    round((a.having * b.known) / (a.known * b.having), 2)::DECIMAL(18, 2) AS lift
FROM among a
JOIN in_base b USING (trait, value)
WHERE
    a.having >= 2
    AND a.having * 100 >= a.known * least_share()
    AND a.having * b.known >= a.known * b.having * least_lift()
QUALIFY row_number() OVER (
    PARTITION BY subject, dimension ORDER BY lift DESC, a.having DESC, trait, value
) = 1
ORDER BY subject, lift DESC, trait
