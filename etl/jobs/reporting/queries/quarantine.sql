select app_id, reason, count(*) as messages
from quarantine
where
    list_contains(getvariable('apps'), app_id)
    and landed_at::date between getvariable('first_day')::date and getvariable('last_day')::date
group by all
order by app_id, messages desc, reason
