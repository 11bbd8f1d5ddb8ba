-- What is owed and overdue, from `invoices` and `payments`.
--
-- A payment settles the invoice that it names. What names none, and what was paid too much, settles the invoices
-- that fell due first. Known only while both invoices and payments are recorded, payments at least as long as
-- invoices. A payment in its invoice's currency counts at the rate of the invoice's day, so that paying in full
-- leaves nothing over. Where a rate is missing, so is everything here.
WITH
    bills AS (
        SELECT i.key, i.customer, i.holds_from, i.due_on, i.currency, r.rate_to_base, i.amount * r.rate_to_base AS amount
        FROM invoices i
        LEFT JOIN day_rates r ON r.currency = i.currency AND r.day = i.holds_from
    ),
    receipts AS (
        SELECT
            p.customer,
            b.key AS invoice_key,
            p.holds_from,
            p.amount * CASE WHEN b.currency = p.currency THEN b.rate_to_base ELSE r.rate_to_base END AS amount
        FROM payments p
        LEFT JOIN day_rates r ON r.currency = p.currency AND r.day = p.holds_from
        LEFT JOIN bills b ON b.key = p.invoice_key AND b.customer = p.customer
    ),
    paid AS (
        SELECT invoice_key, sum(amount) AS amount, max(holds_from) AS last_on
        FROM receipts
        WHERE invoice_key IS NOT NULL
        GROUP BY invoice_key
    ),
    rests AS (
        SELECT
            b.key,
            b.customer,
            b.holds_from,
            b.due_on,
            b.amount - coalesce(p.amount, 0) AS unpaid,
            p.last_on AS last_paid_on
        FROM bills b
        LEFT JOIN paid p ON p.invoice_key = b.key
    ),
    credits AS (
        SELECT customer, sum(amount) AS credit
        FROM (
            SELECT customer, amount FROM receipts WHERE invoice_key IS NULL
            UNION ALL
            SELECT customer, -unpaid FROM rests WHERE unpaid < 0
        )
        GROUP BY customer
    ),
    -- What is still open of an invoice once credits have settled those that fell due before it. (Few are unpaid, so
    -- only those are put in order.)
    debts AS (
        SELECT
            r.*,
            least(
                unpaid,
                greatest(
                    sum(unpaid) OVER (PARTITION BY customer ORDER BY due_on NULLS LAST, holds_from, key)
                        - coalesce(credit, 0),
                    0
                )
            ) AS still_open
        FROM rests r
        LEFT JOIN credits USING (customer)
        WHERE unpaid > 0
        UNION ALL
        SELECT *, 0 FROM rests WHERE unpaid <= 0
    ),
    sums AS (
        SELECT
            customer,
            sum(unpaid) FILTER (unpaid > 0) AS owed,
            sum(still_open) FILTER (due_on < as_of()) AS overdue,
            min(due_on) FILTER (due_on < as_of() AND still_open > 0) AS oldest_due_on,
            count(*) FILTER (due_on <= as_of() AND holds_from >= as_of() - 365) AS due_365d,
            count(*) FILTER (
                due_on < as_of()
                AND holds_from >= as_of() - 365
                AND (still_open > 0 OR (unpaid <= 0 AND last_paid_on > due_on))
            ) AS late_365d
        FROM debts
        GROUP BY customer
    ),
    known AS (
        SELECT i.customer, i.since
        FROM recorded i
        JOIN recorded p USING (customer)
        WHERE i.collection = 'invoices' AND p.collection = 'payments' AND p.since <= i.since
        AND customer NOT IN (SELECT customer FROM bills WHERE amount IS NULL)
        AND customer NOT IN (SELECT customer FROM receipts WHERE amount IS NULL)
    )
SELECT
    customer,
    round(coalesce(owed, 0) - coalesce(credit, 0), 2)::DECIMAL(18, 2) AS credit_used,
    round(coalesce(overdue, 0), 2)::DECIMAL(18, 2) AS overdue_amount,
    coalesce(as_of() - oldest_due_on, 0) AS overdue_days,
    CASE WHEN since <= as_of() - 365 THEN coalesce(due_365d, 0) END AS invoices_due_365d,
    CASE WHEN since <= as_of() - 365 THEN coalesce(late_365d, 0) END AS paid_late_365d
FROM known
LEFT JOIN sums USING (customer)
LEFT JOIN credits USING (customer)
