-- Question:  did as many events come as on the same weekdays of the four weeks before?
-- Columns:   app_id, event_date (UTC), events, usual (mean of the same weekday of the four weeks before), weeks (of
--            those that have events), change (as a share of usual).
-- Caveats:   The newest day is mostly not over; events that land late come to older days still. A weekday without
--            events counts as none only if the app had events before it.
-- Variables: app, first_day, last_day (the days that are shown; four weeks more are read).
with days as (
    select app_id, event_date, count(*) as events
    from events_local
    where
        (getvariable('app') is null or app_id = getvariable('app'))
        and (getvariable('first_day') is null or event_date >= getvariable('first_day')::date - 28)
        and (getvariable('last_day') is null or event_date <= getvariable('last_day')::date)
    group by all
),

firsts as (
    select app_id, min(event_date) as first_date
    from days
    group by all
),

compared as (
    select
        days.app_id,
        days.event_date,
        days.events,
        weeks.week,
        coalesce(before.events, 0) as before
    from days
    cross join (select unnest([1, 2, 3, 4]) as week) as weeks
    join firsts on days.app_id = firsts.app_id and days.event_date - 7 * weeks.week >= firsts.first_date
    left join days as before on days.app_id = before.app_id and before.event_date = days.event_date - 7 * weeks.week
)

select
    days.app_id,
    days.event_date,
    days.events,
    round(avg(compared.before), 1) as usual,
    count(compared.week) as weeks,
    round(days.events / nullif(avg(compared.before), 0) - 1, 4) as change
from days
left join compared on days.app_id = compared.app_id and days.event_date = compared.event_date
where getvariable('first_day') is null or days.event_date >= getvariable('first_day')::date
group by days.app_id, days.event_date, days.events
order by days.app_id, days.event_date
