-- The most frequent names of each app; those beyond are one row without a name. Conversions go by what they are.
with named as (
    select
        app_id,
        case when family in ('in_app', 'install') then event_name else family end as event_name,
        sum(occurrences)::bigint as events,
        count(distinct day) as days
    from told
    where day between getvariable('first_day')::date and getvariable('last_day')::date
    group by all
),

ranked as (
    select *, row_number() over (partition by app_id order by events desc, event_name) as place
    from named
)

select
    app_id,
    if(place <= 100, event_name, '') as event_name,
    sum(events)::bigint as events,
    max(days) as days
from ranked
group by all
order by app_id, events desc, event_name
