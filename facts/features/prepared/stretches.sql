-- From when to when each collection is recorded: the last stretch of days without a gap.
--
-- `owner` is the customer that it holds for, or '' for all those without coverage of their own. Coverage of a
-- single customer adds to the coverage that holds for all. `recorded_to` is null while recording goes on. `since`
-- is recorded_from if recording reaches the as-of day, else null.
WITH
    statements AS (
        SELECT coalesce(customer, '') AS owner, collection, recorded_from, recorded_to
        FROM coverage
        WHERE is_current AND recorded_from <= as_of()
        UNION ALL
        -- The plan is kept in the store and nowhere else.
        SELECT '', 'actions', DATE '0001-01-01', NULL
    ),
    for_all AS (SELECT collection, recorded_from, recorded_to FROM statements WHERE owner = ''),
    owners AS (SELECT DISTINCT owner FROM statements WHERE owner <> ''),
    pieces AS (
        SELECT owner, collection, recorded_from, coalesce(recorded_to, DATE '9999-12-31') AS recorded_to
        FROM (FROM statements UNION ALL FROM owners CROSS JOIN for_all)
    ),
    -- A piece begins a stretch unless another reaches it from before; the last to begin one begins the last.
    begun AS (
        SELECT p.*, before.owner IS NULL AS begins
        FROM pieces p
        LEFT JOIN pieces before
            ON before.owner = p.owner
            AND before.collection = p.collection
            AND before.recorded_from < p.recorded_from
            AND before.recorded_to >= p.recorded_from - 1
    ),
    lasts AS (
        SELECT owner, collection, max(recorded_from) FILTER (begins) AS recorded_from, max(recorded_to) AS recorded_to
        FROM begun
        GROUP BY owner, collection
    )
SELECT
    owner,
    collection,
    recorded_from,
    nullif(recorded_to, DATE '9999-12-31') AS recorded_to,
    CASE WHEN recorded_to >= as_of() THEN recorded_from END AS since
FROM lasts
