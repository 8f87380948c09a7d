-- Question:  which events do people do, and how many of them?
-- Columns:   app_id, event_name, occurrences, people (installations), per_person, revenue_usd.
-- Caveats:   `people` counts AppsFlyer's ids; rows without one are occurrences of nobody. An app can put anything
--            into an event's name.
-- Variables: app, first_day, last_day.
with people as (
    select app_id, event_name, appsflyer_id, count(*) as times, sum(event_revenue_usd) as revenue_usd
    from occurrences
    where is_asked(app_id, event_date, event_date_local)
    group by all
)

select
    app_id,
    event_name,
    sum(times)::bigint as occurrences,
    count(appsflyer_id) as people,
    round(sum(times) / nullif(count(appsflyer_id), 0), 2) as per_person,
    coalesce(sum(revenue_usd), 0) as revenue_usd
from people
group by app_id, event_name
order by app_id, occurrences desc, event_name
