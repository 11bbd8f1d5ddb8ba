-- Values conveyed within the days we look back on, in the shape of `../talks.sql`; the stage is that of the later run.
SELECT c.value_kind, c.medium, c.outcome, s.stage AS stage_then
FROM communications c
JOIN (FROM standing WHERE is_here) s USING (customer)
WHERE c.sent_on >= as_of() - look_back_days()
