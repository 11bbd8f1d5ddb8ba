-- Talks, visits, letters.
SELECT customer, key AS row, holds_from AS held_on, medium AS channel, direction, audience_role
FROM interactions
WHERE holds_from <= as_of()
