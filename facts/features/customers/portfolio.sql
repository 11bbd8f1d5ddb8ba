-- What the last published batch run found by looking at the whole base (see ../portfolio.sql).
SELECT
    customer,
    abc_class,
    contribution::DECIMAL(18, 2) AS contribution,
    rank_in_region::BIGINT AS rank_in_region,
    (100 * share_of_region)::DECIMAL(18, 4) AS share_of_region,
    look_alike_of,
    look_alike_traits::BIGINT AS look_alike_traits
FROM portfolio
