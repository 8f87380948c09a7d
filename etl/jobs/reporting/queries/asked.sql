-- The checks and loads of the period's UTC days, by the names that the quality page's queries know.
create temp view asked_checks as
select *
from checks
where
    list_contains(getvariable('apps'), app_id)
    and checked_at >= getvariable('first_day')::timestamptz
    and checked_at < (getvariable('last_day')::date + 1)::timestamptz;

create temp view asked_loads as
select *
from loads
where
    loaded_at >= getvariable('first_day')::timestamptz
    and loaded_at < (getvariable('last_day')::date + 1)::timestamptz;
