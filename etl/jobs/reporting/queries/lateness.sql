-- Whole minutes, rounded up, from the event to when its object landed; a device whose clock is ahead is not late.
with minutes as (
    select
        events.app_id,
        coalesce(events.event_date_local, events.event_date) as day,
        greatest((epoch_ms(loads.landed_at) - epoch_ms(events.event_time) + 59999) // 60000, 0) as minutes,
        count(*) as records
    from events
    join (select load_id, any_value(landed_at) as landed_at from loads group by load_id) as loads
        on events.load_id = loads.load_id
    where
        list_contains(getvariable('apps'), events.app_id)
        and events.event_date between getvariable('first_day')::date - 1 and getvariable('last_day')::date + 1
        and events.is_test_message is not true
    group by all
),

summed as (
    select
        *,
        sum(records) over (partition by app_id, day order by minutes) as so_far,
        sum(records) over (partition by app_id, day) as all_records
    from minutes
    where day between getvariable('first_day')::date and getvariable('last_day')::date
)

select
    app_id,
    day,
    sum(records)::bigint as records,
    min(minutes) filter (so_far * 2 >= all_records) as median_minutes,
    min(minutes) filter (so_far * 20 >= all_records * 19) as most_minutes,
    coalesce(sum(records) filter (minutes <= 60), 0)::bigint as within_hour,
    coalesce(sum(records) filter (minutes <= 1440), 0)::bigint as within_day,
    max(minutes) as latest_minutes
from summed
group by all
order by all
