-- What became of the events of each hour, app and name: `paired` of both sides, and what each side has alone.
-- Rank 8 names nobody, and cannot be paired.
with told as (
    select second // 3600 as hour, app_id, event_name, not differs as equal, differs, false as push, false as pull
    from paired
    union all
    select second // 3600, app_id, event_name, false, false, true, false
    from pull anti join pairs on pull.number = pairs.pull
    where rank < 8
    union all
    select second // 3600, app_id, event_name, false, false, false, true
    from push anti join pairs on push.number = pairs.push
    where rank < 8 and is_due
)

select
    hour,
    app_id,
    event_name,
    count(*) filter (equal) as equal,
    count(*) filter (differs) as differing,
    count(*) filter (push) as missing_in_push,
    count(*) filter (pull) as missing_in_pull
from told
group by all
order by all
