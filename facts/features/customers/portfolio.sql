-- What the last published batch run found by looking at the whole base (see ../portfolio.sql). Shares are in per cent, halves up.
SELECT
    customer,
    abc_class,
    contribution::DECIMAL(18, 2) AS contribution,
    rank_in_region::BIGINT AS rank_in_region,
    (100 * share_of_region)::DECIMAL(18, 4) AS share_of_region,
    look_alike_of,
    look_alike_traits::BIGINT AS look_alike_traits,
    manager_customers::BIGINT AS manager_customers,
    manager_problems::BIGINT AS manager_problems,
    (0.1 * ((2000 * manager_problems + manager_customers) // (2 * manager_customers)))::DECIMAL(18, 1) AS manager_problem_share,
    group_customers::BIGINT AS group_customers,
    ((200 * group_up + group_customers) // (2 * group_customers))::BIGINT AS group_moved_up,
    ((200 * group_down + group_customers) // (2 * group_customers))::BIGINT AS group_fell_back
FROM portfolio
