-- How often customers like this one accept each kind of value, as the last published batch run found.
SELECT customer, split_part(each, ':', 1) AS member, split_part(each, ':', 2)::BIGINT AS group_acceptance
FROM (SELECT customer, unnest(string_split(acceptance, ',')) AS each FROM portfolio)
