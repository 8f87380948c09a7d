-- The offset of each app's zone as most rows of its last day have it: one row may have a doubtful one.
with counted as (
    select app_id, event_utc_offset_minutes as offset_minutes, count(*) as records
    from events
    where list_contains(getvariable('apps'), app_id) and list_contains(getvariable('days')::date[], event_date)
    group by all
)

select app_id, offset_minutes
from counted
qualify row_number() over (partition by app_id order by records desc, offset_minutes) = 1
order by app_id
