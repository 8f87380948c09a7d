with flagged as (
    select app_id, event_date, events, unnest(quality_flags) as code
    from counts
    where quality_flags is not null
)

select code, sum(events)::bigint as events, count(distinct app_id) as apps, max(event_date) as last_date
from flagged
group by code
order by events desc, code
