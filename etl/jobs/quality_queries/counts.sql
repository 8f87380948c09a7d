-- Read once, asked thrice: events of each app by hour, name and flags.
create temp table counts as
select app_id, event_date, date_trunc('hour', event_time) as hour, event_name, quality_flags, count(*) as events
from events
group by all
