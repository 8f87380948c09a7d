-- Whole minutes, rounded up, from the event to when its object landed.
with added as (
    select app_id, day, minutes, sum(records) as records
    from minutes
    where day between getvariable('first_day')::date and getvariable('last_day')::date
    group by all
),

summed as (
    select
        *,
        sum(records) over (partition by app_id, day order by minutes) as so_far,
        sum(records) over (partition by app_id, day) as all_records
    from added
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
