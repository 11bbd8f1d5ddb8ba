-- The spans of days that features look at, both days included. `_90d` agrees with `within_days: 90`.
SELECT span, first_day, last_day
FROM (
    VALUES
        ('90d', $as_of::DATE - 90, $as_of::DATE),
        ('prev_90d', $as_of::DATE - 181, $as_of::DATE - 91),
        ('365d', $as_of::DATE - 365, $as_of::DATE),
        ('prev_365d', $as_of::DATE - 731, $as_of::DATE - 366)
) AS listed (span, first_day, last_day)
