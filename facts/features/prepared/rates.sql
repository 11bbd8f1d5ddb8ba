-- What a unit of each currency is worth in the base currency, from a date on. The base currency itself is worth 1.
-- The type is wide enough for products with amounts, which need twelve digits after the point. A folder of facts may
-- have two for a day: then the one with the last key holds.
SELECT currency, holds_from, max_by(rate_to_base, key)::DECIMAL(20, 8) AS rate_to_base
FROM exchange_rates
WHERE holds_from <= as_of() AND currency <> base_currency()
GROUP BY currency, holds_from
UNION ALL
SELECT base_currency(), DATE '0001-01-01', 1::DECIMAL(20, 8)
