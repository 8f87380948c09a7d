-- Whether each occurrence is its person's first of its name: true, false, or null where history cannot tell.
--
-- Input: the view `history`, all of the lake's rows that have a name in Liftoff's vocabulary, test messages left
-- out: app_id, occurrence_id, person (the first id in etl.appsflyer.identity.PERSON_FIELDS that is no zeros),
-- name (Liftoff's, so that two events of AppsFlyer's with one name are one), event_time, install_time,
-- is_doubtful (weak_identity or possible_twin), has_clock_issues.
--
-- The rule:
--   false  an earlier occurrence of that name by that person is in the lake, whatever else is not;
--   true   none is, and the lake holds all that the person did since the install: the install is no earlier than
--          the first event of the app in the lake whose clock is in order;
--   null   none is, but one may have been before the lake began, or the install's time is unknown, or nothing
--          certain says who did it.
-- Of two at one instant the lesser occurrence_id is the first. Halves of a pair are one occurrence.
WITH occurrences AS (
    SELECT
        app_id,
        occurrence_id,
        min(person) AS person,
        min(name) AS name,
        min(event_time) AS event_time,
        min(install_time) AS install_time,
        bool_or(is_doubtful) AS is_doubtful
    FROM history
    WHERE event_time IS NOT NULL
    GROUP BY app_id, occurrence_id
),

starts AS (
    SELECT app_id, min(event_time) AS started_at
    FROM history
    WHERE NOT has_clock_issues
    GROUP BY app_id
),

numbered AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY app_id, person, name ORDER BY event_time, occurrence_id) AS place
    FROM occurrences
)

SELECT
    app_id,
    occurrence_id,
    CASE
        WHEN person IS NULL THEN NULL
        WHEN place > 1 THEN FALSE
        WHEN is_doubtful THEN NULL
        WHEN install_time >= started_at THEN TRUE
    END AS is_first_event
FROM numbered
LEFT JOIN starts USING (app_id)
