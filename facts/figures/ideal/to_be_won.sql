-- B1: who resembles ideal customers and is to be won yet.
SELECT l.*, s.name, s.stage
FROM look_alikes l
JOIN standing s USING (customer)
WHERE s.is_here AND s.stage IN ('potential', 'target')
ORDER BY l.subject, l.traits DESC, l.lift DESC, customer
