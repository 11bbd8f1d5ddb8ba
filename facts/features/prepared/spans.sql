-- The spans of days that features look at, both days included. `_90d` agrees with `within_days: 90`.
SELECT span, first_day, last_day
FROM (
    VALUES
        ('90d', as_of() - 90, as_of()),
        ('prev_90d', as_of() - 181, as_of() - 91),
        ('365d', as_of() - 365, as_of()),
        ('prev_365d', as_of() - 731, as_of() - 366)
) AS listed (span, first_day, last_day)
