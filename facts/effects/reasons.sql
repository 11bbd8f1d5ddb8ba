-- Why advice of each rule was declined, by how many customers it was. Null: not recorded.
SELECT rule, because, count(DISTINCT customer) AS customers
FROM entered
WHERE state = 'declined'
GROUP BY ALL
ORDER BY rule NULLS LAST, customers DESC, because NULLS LAST
