-- Question:  which apps have times that do not agree, and in which zone?
-- Columns:   app_id, zone (as the app's settings in AppsFlyer name it), issue, events, first_date, last_date (UTC).
-- Caveats:   `event_time` is UTC and is not changed by any issue; the app's day is what may be wrong, or null. The
--            data dictionary says what each issue means.
-- Variables: app, first_day, last_day.
with asked as (
    select app_id, selected_timezone as zone, clock_issues, event_date, count(*) as events
    from events_local
    where clock_issues is not null and is_asked(app_id, event_date, event_date_local)
    group by all
)

select
    app_id,
    zone,
    issue,
    sum(events)::bigint as events,
    min(event_date) as first_date,
    max(event_date) as last_date
from (select app_id, zone, unnest(clock_issues) as issue, event_date, events from asked)
group by app_id, zone, issue
order by app_id, events desc, issue, zone
