with issues as (
    select app_id, zone, day, records, unnest(string_split(issues, ',')) as issue
    from facts
    where
        not is_test
        and issues is not null
        and day between getvariable('first_day')::date and getvariable('last_day')::date
)

select app_id, issue, zone, sum(records)::bigint as records, min(day) as first, max(day) as last
from issues
group by all
order by app_id, records desc, issue, zone
