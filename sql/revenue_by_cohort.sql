-- Question:  what have those who installed on a day paid until 0, 7 and 30 days later?
-- Columns:   app_id, cohort (day of the install), installs, payers (who ever bought), usd_day_0, usd_day_7,
--            usd_day_30, usd_ever, all up to and with that day, after refunds.
-- Caveats:   Sums of days that are still to come grow on. Sales are found by AppsFlyer's id of the installation, not
--            by the sale's own media source, so that retargeting does not take them out of the cohort.
-- Variables: app, first_day, last_day (of the install; all later sales are read).
with cohorts as (
    select app_id, appsflyer_id, min(day) as cohort
    from installs
    where appsflyer_id is not null and is_asked(app_id, event_date, event_date_local)
    group by all
),

sales as (
    select app_id, appsflyer_id, day, event_revenue_usd, is_refund
    from purchases
    where
        (getvariable('app') is null or app_id = getvariable('app'))
        and (getvariable('first_day') is null or event_date >= getvariable('first_day')::date - 1)
)

select
    cohorts.app_id,
    cohort,
    count(distinct cohorts.appsflyer_id) as installs,
    count(distinct sales.appsflyer_id) filter (not is_refund) as payers,
    coalesce(sum(event_revenue_usd) filter (day <= cohort), 0) as usd_day_0,
    coalesce(sum(event_revenue_usd) filter (day <= cohort + 7), 0) as usd_day_7,
    coalesce(sum(event_revenue_usd) filter (day <= cohort + 30), 0) as usd_day_30,
    coalesce(sum(event_revenue_usd), 0) as usd_ever
from cohorts
left join sales on cohorts.app_id = sales.app_id and cohorts.appsflyer_id = sales.appsflyer_id
group by cohorts.app_id, cohort
order by cohorts.app_id, cohort
