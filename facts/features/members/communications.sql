-- For each kind of value: when we conveyed it last (known if nothing can have come after it unrecorded), and the
-- outcome that we heard of last.
WITH
    by_kind AS (
        SELECT
            customer,
            value_kind,
            max(holds_from) AS last_on,
            max_by(outcome, (heard_on, holds_from, key)) AS last_outcome
        FROM communications
        GROUP BY customer, value_kind
    )
SELECT
    customer,
    value_kind AS member,
    CASE WHEN since <= last_on THEN as_of() - last_on END AS days_since_conveyed,
    last_outcome
FROM by_kind
LEFT JOIN (FROM recorded WHERE collection = 'communications') USING (customer)
