-- What is owed and overdue, from `invoices` and `payments`.
--
-- A payment settles the invoice that it names. What names none, and what was paid too much, settles the invoices
-- that fell due first. Known only while both invoices and payments are recorded, payments at least as long as
-- invoices. A payment in its invoice's currency counts at the rate of the invoice's day, so that paying in full
-- leaves nothing over. Where a rate is missing, so is everything here.
--
-- An invoice is paid on the day on which the last of it was: by a payment that names it, or by credits (what names none,
-- what was paid too much, credit notes) that reached it in the order of due days. A credit note is never due.
WITH
    bills AS (
        SELECT i.key, i.customer, i.holds_from, i.due_on, i.currency, r.rate_to_base, i.amount * r.rate_to_base AS amount
        FROM invoices i
        LEFT JOIN day_rates r ON r.currency = i.currency AND r.day = i.holds_from
    ),
    receipts AS (
        SELECT
            b.key AS invoice,
            CASE WHEN b.key IS NULL THEN p.customer END AS payer,
            p.amount * CASE WHEN b.currency = p.currency THEN b.rate_to_base ELSE r.rate_to_base END AS amount,
            p.holds_from
        FROM payments p
        LEFT JOIN day_rates r ON r.currency = p.currency AND r.day = p.holds_from
        LEFT JOIN bills b ON b.key = p.invoice_key AND b.customer = p.customer
    ),
    paid AS (
        SELECT
            invoice,
            payer,
            CASE WHEN count(*) = count(amount) THEN sum(amount) END AS amount,
            max(holds_from) AS last_on
        FROM receipts
        GROUP BY invoice, payer
    ),
    -- What is to be paid of an invoice; below 0 what was paid too much, or for none.
    rests AS (
        SELECT
            coalesce(b.customer, p.payer) AS customer,
            b.key,
            b.holds_from,
            b.due_on,
            b.amount,
            CASE
                WHEN p.last_on IS NULL THEN b.amount
                WHEN b.key IS NULL THEN -p.amount
                ELSE b.amount - p.amount
            END AS unpaid,
            p.last_on AS last_paid_on
        FROM bills b
        FULL JOIN paid p ON p.invoice = b.key
    ),
    -- What credits reach in the order of due days, and what each day's credits reach together; the former is covered on
    -- the first day that reaches as far.
    reaches AS (
        SELECT
            customer,
            key,
            NULL AS day,
            sum(unpaid) OVER (PARTITION BY customer ORDER BY due_on NULLS LAST, holds_from, key) AS reach
        FROM rests
        WHERE unpaid > 0 AND key IS NOT NULL
        UNION ALL
        SELECT customer, NULL, day, sum(sum(amount)) OVER (PARTITION BY customer ORDER BY day)
        FROM (
            SELECT payer AS customer, holds_from AS day, amount FROM receipts WHERE invoice IS NULL
            UNION ALL
            SELECT customer, coalesce(last_paid_on, holds_from), -unpaid FROM rests WHERE unpaid < 0 AND key IS NOT NULL
        )
        GROUP BY customer, day
    ),
    covered AS (
        SELECT
            key,
            min(day) OVER (
                PARTITION BY customer
                ORDER BY reach, key NULLS LAST
                ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
            ) AS covered_on
        FROM reaches
    ),
    -- An invoice is open if credits and it, with those that fell due before it, make a debt. (Few are not just paid, so
    -- only those are put in order.)
    debts AS (
        SELECT
            *,
            sum(unpaid) OVER (PARTITION BY customer ORDER BY unpaid > 0, due_on NULLS LAST, holds_from, key) > 0 AS is_open
        FROM rests
        WHERE unpaid <> 0
        UNION ALL
        SELECT *, false FROM rests WHERE coalesce(unpaid, 0) = 0
    ),
    sums AS (
        SELECT
            customer,
            count(*) = count(unpaid) AS is_known,
            sum(unpaid) AS owed,
            sum(unpaid) FILTER (unpaid < 0 OR due_on < as_of()) AS overdue,
            min(due_on) FILTER (is_open AND due_on < as_of()) AS oldest_due_on,
            count(*) FILTER (amount > 0 AND due_on <= as_of() AND holds_from >= as_of() - 365) AS due_365d,
            count(*) FILTER (
                amount > 0
                AND due_on < as_of()
                AND holds_from >= as_of() - 365
                AND (is_open OR greatest(last_paid_on, covered_on) > due_on)
            ) AS late_365d
        FROM debts
        LEFT JOIN (FROM covered WHERE key IS NOT NULL) USING (key)
        GROUP BY customer
    ),
    known AS (
        SELECT
            customer,
            max(since) FILTER (collection = 'invoices') AS since,
            max(since) FILTER (collection = 'payments') AS since_payments
        FROM recorded
        WHERE collection IN ('invoices', 'payments')
        GROUP BY customer
    )
SELECT
    customer,
    round(coalesce(owed, 0), 2)::DECIMAL(18, 2) AS credit_used,
    round(greatest(coalesce(overdue, 0), 0), 2)::DECIMAL(18, 2) AS overdue_amount,
    coalesce(as_of() - oldest_due_on, 0) AS overdue_days,
    CASE WHEN since <= as_of() - 365 THEN coalesce(due_365d, 0) END AS invoices_due_365d,
    CASE WHEN since <= as_of() - 365 THEN coalesce(late_365d, 0) END AS paid_late_365d
FROM known
LEFT JOIN sums USING (customer)
WHERE since_payments <= since AND coalesce(is_known, true)
