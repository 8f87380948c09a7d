-- The last days hour by hour, with a zero where an hour between the app's first and the last complete one has none.
with span as (
    select app_id, greatest(min(hour), getvariable('first_hour')) as first_hour
    from counts
    group by all
),

hours as (
    select app_id, unnest(generate_series(first_hour, getvariable('last_hour'), interval 1 hour)) as hour
    from span
    where first_hour <= getvariable('last_hour')
)

select hours.app_id, hours.hour, coalesce(sum(counts.events), 0)::bigint as events
from hours
left join counts on counts.app_id = hours.app_id and counts.hour = hours.hour
group by all
order by all
