-- Installs and revenue by app and day in the app's zone, as AppsFlyer's dashboards show them.
-- A retargeting pair is two events of one occurrence, so revenue is summed once per occurrence.
with occurrences as (
    select
        app_id,
        coalesce(event_date_local, event_date) as day,
        occurrence_id,
        bool_or(topic = 'install') as is_install,
        max(event_revenue) as revenue,
        any_value(event_revenue_currency) as currency
    from events
    where not is_test_message
    group by all
),

by_currency as (
    select app_id, day, currency, count(*) filter (is_install) as installs, count(*) as occurrences, sum(revenue) as revenue
    from occurrences
    group by all
)

select
    app_id,
    day,
    sum(installs)::bigint as installs,
    sum(occurrences)::bigint as occurrences,
    string_agg(printf('%.2f %s', revenue::double, currency), ' + ' order by currency) as revenue
from by_currency
group by app_id, day
order by app_id, day
