-- The customers looked at, with the segment that they belong to. Where no region is entered, the country stands in.
SELECT key AS customer, true AS is_here, industry, coalesce(region, country) AS region
FROM customers
WHERE getvariable('manager') IS NULL OR account_manager = getvariable('manager')
