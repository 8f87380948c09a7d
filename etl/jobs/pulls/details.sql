-- Each event that is not equal on both sides: in which way, and its line in the file and its id in the lake.
select 'different' as kind, second // 3600 as hour, app_id, event_name, line, event_id from paired where differs
union all
select 'missing_in_push', second // 3600, app_id, event_name, label, null
from pull anti join pairs on pull.number = pairs.pull
where rank < 8
union all
select 'missing_in_pull', second // 3600, app_id, event_name, null, label
from push anti join pairs on push.number = pairs.push
where rank < 8 and is_due
