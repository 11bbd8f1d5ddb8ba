-- Where every customer stands at the date, and stood at the earlier one. The other figures are computed from this.
--
-- `now` and `earlier` have a row for each customer of the base at that date, with its card and the stage decided;
-- `stage` is null where too little is recorded to say one. A customer that had no entry yet was not here, one that was
-- merged into another or struck off is not here any more. Where no region is entered, the country stands in.
WITH
    both_dates AS (
        SELECT
            customer,
            coalesce(n.name, e.name) AS name,
            coalesce(n.account_manager, e.account_manager) AS account_manager,
            coalesce(n.region, e.region, n.country, e.country) AS region,
            n.industry,
            n.acquisition_source,
            n.abc_class,
            n.contribution,
            n.stage,
            n.days_in_stage,
            n.stalled,
            e.stage AS stage_before,
            n.customer IS NOT NULL AS is_here,
            e.customer IS NOT NULL AS was_here
        FROM now n
        FULL JOIN earlier e USING (customer)
    )
SELECT
    b.*,
    r.rung,
    e.rung AS rung_before
FROM both_dates b
LEFT JOIN rungs r ON r.stage = b.stage
LEFT JOIN rungs e ON e.stage = b.stage_before
WHERE
    (getvariable('manager') IS NULL OR account_manager = getvariable('manager'))
    AND (getvariable('region') IS NULL OR region = getvariable('region'))
ORDER BY customer
