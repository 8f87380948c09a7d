-- Question:  what is odd about the rows, by app and rule?
-- Columns:   app_id, flag (docs/quality.md says what each means), events, share (of the app's events).
-- Caveats:   Rows, not occurrences: each half of a retargeting pair is judged by itself. A row with several flags is
--            in several lines.
-- Variables: app, first_day, last_day.
with asked as (
    select app_id, quality_flags, count(*) as events
    from events_local
    where is_asked(app_id, event_date, event_date_local)
    group by all
),

totals as (
    select app_id, sum(events) as events
    from asked
    group by all
),

flagged as (
    select app_id, unnest(quality_flags) as flag, events
    from asked
)

select
    flagged.app_id,
    flag,
    sum(flagged.events)::bigint as events,
    round(sum(flagged.events) / any_value(totals.events), 4) as share
from flagged
join totals on flagged.app_id = totals.app_id
group by flagged.app_id, flag
order by flagged.app_id, events desc, flag
