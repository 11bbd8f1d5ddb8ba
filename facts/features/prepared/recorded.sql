-- Since when each collection is recorded, per customer (see stretches.sql). Features ask `since` before they take
-- an absence of rows for a zero: it is null if recording does not reach the as-of day.
SELECT c.key AS customer, s.collection, s.recorded_from, s.recorded_to, s.since
FROM customers c
LEFT JOIN (SELECT DISTINCT owner FROM stretches) o ON o.owner = c.key
JOIN stretches s ON s.owner = coalesce(o.owner, '')
