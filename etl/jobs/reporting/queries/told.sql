-- Rows as `events_local` has them, and beside each group what `occurrences` makes of it: one row for each thing that a
-- person did. `extra_rows` are those that the view leaves out.
create temp view told as
select
    app_id,
    event_date,
    day,
    case when ends_with(topic, 'in_app_event') then 'in_app' else topic end as family,
    event_name,
    records,
    records as occurrences
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
