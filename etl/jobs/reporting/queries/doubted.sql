select app_id, sum(records)::bigint as records
from facts
where
    not is_test
    and issues is not null
    and day between getvariable('first_day')::date and getvariable('last_day')::date
group by all
order by all
