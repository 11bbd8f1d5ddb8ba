-- The three results, never mixed: what the account managers did, what the customers accepted, which relationships moved.
SELECT
    (SELECT count(DISTINCT key) FROM entered WHERE state = 'done') AS done,
    (SELECT count(DISTINCT key) FROM entered WHERE state = 'declined') AS declined,
    (SELECT count(DISTINCT key) FROM entered) AS answered,
    (SELECT count(*) FROM talks WHERE outcome = 'accepted') AS accepted,
    (SELECT count(outcome) FROM talks) AS heard,
    (SELECT count(*) FROM talks WHERE outcome IS NULL) AS unheard,
    (SELECT count(DISTINCT customer) FROM moves WHERE is_up AND day >= as_of() - look_back_days()) AS moved_up,
    (SELECT count(DISTINCT customer) FROM moves WHERE NOT is_up AND day >= as_of() - look_back_days()) AS moved_down,
    (SELECT count(*) FROM standing) AS customers
