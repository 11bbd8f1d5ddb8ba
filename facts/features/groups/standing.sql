-- The customers looked at, with the segment that each belongs to: its industry, or its region where no customer's industry
-- is entered. Where no region is entered, the country stands in.
SELECT
    key AS customer,
    true AS is_here,
    CASE WHEN (SELECT count(industry) > 0 FROM customers) THEN industry ELSE coalesce(region, country) END AS segment
FROM customers
WHERE getvariable('manager') IS NULL OR account_manager = getvariable('manager')
