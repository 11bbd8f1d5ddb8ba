-- Small computations that several features share.

-- The date on which the facts hold, and the currency that amounts are converted into.
CREATE MACRO as_of() AS getvariable('as_of')::DATE;
CREATE MACRO base_currency() AS getvariable('base_currency')::VARCHAR;

-- An amount of money in ten-thousandths, as a whole number.
CREATE MACRO ten_thousandths(amount) AS (amount * 10000)::HUGEINT;

-- n / d with two digits, halves away from zero; missing if d is 0. Both are whole numbers and d is not negative, so
-- that nothing passes through a binary fraction.
CREATE MACRO quotient(n, d) AS (((200 * n + sign(n) * d) // nullif(2 * d, 0))::DECIMAL(16, 0) * 0.01)::DECIMAL(18, 2);
