-- Read once, asked many times: rows of the chosen apps by what they are, with a day more on either side, because a
-- day of an app's zone begins and ends in other UTC days.
create temp table facts as
select
    app_id,
    event_date,
    coalesce(event_date_local, event_date) as day,
    case when ends_with(topic, 'in_app_event') then 'in_app' else topic end as family,
    event_name,
    coalesce(is_test_message, false) as is_test,
    selected_timezone as zone,
    clock_issues,
    count(*) as records
from events
where
    list_contains(getvariable('apps'), app_id)
    and event_date between getvariable('first_day')::date - 1 and getvariable('last_day')::date + 1
group by all;

-- Rows as `events_local` has them, and beside each group what `occurrences` makes of it: one row for each thing that a
-- person did. `extra_rows` are those that the view leaves out.
create temp view told as
select app_id, event_date, day, family, event_name, records, records as occurrences
from facts
where not is_test
union all
select
    app_id,
    event_date,
    coalesce(event_date_local, event_date),
    case when ends_with(topic, 'in_app_event') then 'in_app' else topic end,
    event_name,
    0,
    -1
from extra_rows
where is_extra;
