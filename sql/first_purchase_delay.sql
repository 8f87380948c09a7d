-- Question:  how long after the install do people buy for the first time?
-- Columns:   app_id, source (of the install), installs, buyers, within_1_hour, within_1_day, within_7_days (buyers),
--            median_hours.
-- Caveats:   Installations whose install is in the lake, by AppsFlyer's id. Those who have not bought yet are in
--            `installs` alone. Refunds are no purchase.
-- Variables: app, first_day, last_day (of the install; all later sales are read).
with installed as (
    select app_id, appsflyer_id, min(event_time) as installed_at, any_value(source order by event_time) as source
    from installs
    where appsflyer_id is not null and is_asked(app_id, event_date, event_date_local)
    group by app_id, appsflyer_id
),

first_sales as (
    select app_id, appsflyer_id, min(event_time) as bought_at
    from purchases
    where
        not is_refund
        and (getvariable('app') is null or app_id = getvariable('app'))
        and (getvariable('first_day') is null or event_date >= getvariable('first_day')::date - 1)
    group by app_id, appsflyer_id
),

delays as (
    select
        installed.app_id,
        installed.source,
        (epoch_us(first_sales.bought_at) - epoch_us(installed.installed_at)) / 3600e6 as hours
    from installed
    left join first_sales
        on installed.app_id = first_sales.app_id and installed.appsflyer_id = first_sales.appsflyer_id
)

select
    app_id,
    source,
    count(*) as installs,
    count(hours) as buyers,
    count(*) filter (hours <= 1) as within_1_hour,
    count(*) filter (hours <= 24) as within_1_day,
    count(*) filter (hours <= 168) as within_7_days,
    round(median(hours), 2) as median_hours
from delays
group by app_id, source
order by app_id, installs desc, source
