-- Question:  how long after an event does its message land?
-- Columns:   app_id, event_date (UTC), events, median_minutes, p95_minutes, latest_hours, over_1_day (events that
--            came more than a day later).
-- Caveats:   From the event's time, which a device's clock may have got wrong, to the time when the object landed, so
--            an object that is written once an hour adds up to an hour. Newer days look better than they are: what is
--            late has not come yet.
-- Variables: app, first_day, last_day.
with delays as (
    select
        events_local.app_id,
        events_local.event_date,
        (epoch_us(loads.landed_at) - epoch_us(events_local.event_time)) / 60e6 as minutes
    from events_local
    join loads on events_local.load_id = loads.load_id
    where is_asked(events_local.app_id, events_local.event_date, events_local.event_date_local)
)

select
    app_id,
    event_date,
    count(*) as events,
    round(median(minutes), 1) as median_minutes,
    round(quantile_cont(minutes, 0.95), 1) as p95_minutes,
    round(max(minutes) / 60, 2) as latest_hours,
    count(*) filter (minutes > 1440) as over_1_day
from delays
group by app_id, event_date
order by app_id, event_date
