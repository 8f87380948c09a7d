select
    reason,
    landed_at::date as day,
    count(*) as messages,
    count(distinct source_uri) as objects,
    count(distinct app_id) as apps
from asked_quarantine
group by all
order by all
