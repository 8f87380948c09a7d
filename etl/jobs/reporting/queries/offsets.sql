-- The offset of each app's zone as its newest rows have it.
select app_id, arg_max(event_utc_offset_minutes, event_time) as offset_minutes
from events
where list_contains(getvariable('apps'), app_id) and event_date >= getvariable('since')::date
group by app_id
order by app_id
