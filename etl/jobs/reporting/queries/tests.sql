select app_id, sum(records)::bigint as records
from facts
where is_test and day between getvariable('first_day')::date and getvariable('last_day')::date
group by all
order by all
