select
    app_id,
    day,
    sum(records)::bigint as records,
    sum(occurrences)::bigint as occurrences,
    coalesce(sum(occurrences) filter (family = 'install'), 0)::bigint as installs,
    coalesce(sum(occurrences) filter (family = 'in_app'), 0)::bigint as in_app,
    coalesce(sum(occurrences) filter (family not in ('install', 'in_app')), 0)::bigint as conversions
from told
where day between getvariable('first_day')::date and getvariable('last_day')::date
group by all
order by all
