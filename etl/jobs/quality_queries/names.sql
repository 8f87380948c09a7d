-- The most frequent names of each app; those beyond are one row without a name.
with named as (
    select app_id, event_name, sum(events)::bigint as events, count(distinct event_date) as days
    from counts
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
