-- Classes by contribution within a region, and the ideal customer that one resembles most, both computed over the whole
-- base; what became of customers like this one, and what they accept. `snapshot` holds its columns, `look_alikes` what
-- ideal/look_alikes.sql found, `flow` what facts.group_flow did, `acceptance` what facts.group_acceptance did.
--
-- The contribution is the revenue of 365 days, or what was won in that time where no orders are recorded. Where they
-- are, but what they come to is unknown (for want of a rate, or of a whole year), so is the contribution.
--
-- From the largest on: those that make up the first 80 % of their region's sum are class A, up to 95 % class B, the
-- rest and those without a positive contribution class C. A customer who steps over a limit still belongs to the better
-- class.
WITH
    contributions AS (
        SELECT
            customer,
            coalesce(region, country, '') AS region,
            CASE WHEN orders_recorded IS NULL THEN won_amount_365d ELSE revenue_365d END AS contribution
        FROM snapshot
    ),
    ranked AS (
        SELECT
            *,
            row_number() OVER (PARTITION BY region ORDER BY contribution DESC, customer) AS rank_in_region,
            sum(greatest(contribution, 0)) OVER (PARTITION BY region) AS total,
            sum(greatest(contribution, 0)) OVER (
                PARTITION BY region ORDER BY contribution DESC, customer
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS larger
        FROM contributions
        WHERE contribution IS NOT NULL
    ),
    classes AS (
        SELECT
            customer,
            CASE
                WHEN contribution <= 0 THEN 'C'
                WHEN coalesce(larger, 0) * 100 < total * 80 THEN 'A'
                WHEN coalesce(larger, 0) * 100 < total * 95 THEN 'B'
                ELSE 'C'
            END AS abc_class,
            contribution::DECIMAL(18, 4) AS contribution,
            rank_in_region::BIGINT AS rank_in_region,
            (
                0.0001 * coalesce(
                    quotient(10000 * ten_thousandths(greatest(contribution, 0)), ten_thousandths(total)), 0
                )
            )::DECIMAL(18, 8) AS share_of_region
        FROM ranked
    )
SELECT
    coalesce(c.customer, l.customer, f.customer, a.customer) AS customer,
    c.abc_class,
    c.contribution,
    c.rank_in_region,
    c.share_of_region,
    l.subject AS look_alike_of,
    l.traits AS look_alike_traits,
    f.manager_customers,
    f.manager_problems,
    f.group_customers,
    f.group_up,
    f.group_down,
    a.acceptance
FROM classes c
FULL JOIN (FROM look_alikes WHERE place = 1) l ON l.customer = c.customer
FULL JOIN flow f ON f.customer = coalesce(c.customer, l.customer)
FULL JOIN acceptance a ON a.customer = coalesce(c.customer, l.customer, f.customer)
ORDER BY 1
