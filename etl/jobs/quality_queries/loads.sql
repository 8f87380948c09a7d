select
    loaded_at::date as day,
    count(distinct source_uri) as objects,
    count(*) filter (status = 'failed') as failed_objects,
    coalesce(sum(messages), 0)::bigint as messages,
    coalesce(sum(published), 0)::bigint as published,
    coalesce(sum(duplicates), 0)::bigint as duplicates,
    coalesce(sum(quarantined), 0)::bigint as quarantined,
    coalesce(sum(suppressed), 0)::bigint as suppressed,
    coalesce(sum(held), 0)::bigint as held
from asked_loads
group by all
order by all
