-- The offset of each app's zone as the newest rows of its last day have it.
select app_id, arg_max(event_utc_offset_minutes, event_time) as offset_minutes
from events
where list_contains(getvariable('apps'), app_id) and list_contains(getvariable('days')::date[], event_date)
group by app_id
order by app_id
