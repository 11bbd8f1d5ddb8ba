-- B1: the ideal customer of each product: traits that its heaviest users share far more often than the whole base.
--
-- The heaviest users are the top share by amount, but at least so many; a product with fewer than twice as many users
-- has no profile. Shares are among those of whom the trait is known. Of region and country the more telling one counts.
WITH
    ranked AS (
        SELECT
            *,
            row_number() OVER (PARTITION BY subject ORDER BY amount DESC, customer) AS place,
            count(*) OVER (PARTITION BY subject) AS users
        FROM uses
    ),
    heaviest AS (
        SELECT subject, customer, users, count(*) OVER (PARTITION BY subject) AS heaviest
        FROM ranked
        WHERE users >= 2 * least_users() AND place <= greatest(ceil(users * top_share() / 100), least_users())
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
