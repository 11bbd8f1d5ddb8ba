-- What a unit of each currency was worth on each day of an amount that features convert: the last rate until then.
--
-- (A plain join, because DuckDB 2.0 fails when it runs a kept plan of an ASOF join again; days and rates are few.)
SELECT d.currency, d.day, max_by(r.rate_to_base, r.holds_from) AS rate_to_base
FROM (
    SELECT currency, holds_from AS day FROM customers
    UNION
    SELECT currency, as_of() FROM agreements
    UNION
    SELECT currency, holds_from FROM invoices
    UNION
    SELECT currency, holds_from FROM payments
    UNION
    SELECT currency, holds_from FROM order_lines
    UNION
    SELECT currency, coalesce(closed_on, holds_from) FROM opportunities
) d
JOIN rates r ON r.currency = d.currency AND r.holds_from <= d.day
GROUP BY d.currency, d.day
