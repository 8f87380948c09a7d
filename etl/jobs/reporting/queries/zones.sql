select app_id, zone, sum(records)::bigint as records
from facts
where not is_test and day between getvariable('first_day')::date and getvariable('last_day')::date
group by all
order by app_id, records desc, zone
