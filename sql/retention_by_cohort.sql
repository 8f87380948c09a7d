-- Question:  of those who installed on a day, how many came back 1, 3, 7, 14 and 30 days later?
-- Columns:   app_id, cohort (day of the install), installs (installations, not rows), day_1, day_3, day_7, day_14,
--            day_30 (installations with an in-app event on exactly that day after), day_1_share.
-- Caveats:   Null where that day is not over in the lake (its newest event of the app is no later). Only
--            installations with AppsFlyer's id; coming back is an in-app event of any name, so an app that sends few
--            has low numbers.
-- Variables: app, first_day, last_day (of the install; events of 31 days more are read).
with cohorts as (
    select app_id, appsflyer_id, min(day) as cohort
    from installs
    where appsflyer_id is not null and is_asked(app_id, event_date, event_date_local)
    group by all
),

active as (
    select distinct app_id, appsflyer_id, day
    from events_local
    where
        family = 'in_app'
        and appsflyer_id is not null
        and (getvariable('app') is null or app_id = getvariable('app'))
        and (getvariable('first_day') is null or event_date >= getvariable('first_day')::date - 1)
        and (getvariable('last_day') is null or event_date <= getvariable('last_day')::date + 32)
),

ends as (
    select app_id, max(event_date) - 1 as last_whole_day
    from events_local
    where getvariable('app') is null or app_id = getvariable('app')
    group by app_id
),

returns as (
    select cohorts.app_id, cohorts.cohort, cohorts.appsflyer_id, active.day - cohorts.cohort as age
    from cohorts
    left join active on cohorts.app_id = active.app_id and cohorts.appsflyer_id = active.appsflyer_id
)

select
    returns.app_id,
    cohort,
    count(distinct appsflyer_id) as installs,
    if(cohort + 1 <= last_whole_day, count(distinct appsflyer_id) filter (age = 1), null) as day_1,
    if(cohort + 3 <= last_whole_day, count(distinct appsflyer_id) filter (age = 3), null) as day_3,
    if(cohort + 7 <= last_whole_day, count(distinct appsflyer_id) filter (age = 7), null) as day_7,
    if(cohort + 14 <= last_whole_day, count(distinct appsflyer_id) filter (age = 14), null) as day_14,
    if(cohort + 30 <= last_whole_day, count(distinct appsflyer_id) filter (age = 30), null) as day_30,
    round(day_1 / count(distinct appsflyer_id), 4) as day_1_share
from returns
join ends on returns.app_id = ends.app_id
group by returns.app_id, cohort, last_whole_day
order by returns.app_id, cohort
