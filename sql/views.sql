-- Views over the lake's tables, all without the vendor's test messages. `pushlift sql` and `etl.open_lake()` have
-- them ready; in a DuckDB of your own, make `events` and `postbacks` from the Delta tables, then run this file.
--
-- What is filtered by `app_id` and `event_date` reads the files of those apps and days alone, through every view; what
-- is filtered by `family` or `event_name`, too, costs `occurrences` only those rows.

-- Whether a row is of the app and the days that were asked for by the variables `app`, `first_day` and `last_day`
-- (`set variable app = 'id1234567890'`); one that is not set asks for all. Days are the app's, or the UTC day where
-- its zone is not known. The condition on the UTC day changes no answer: it lets files be passed over.
create or replace macro is_asked(app, utc_day, local_day) as
    (getvariable('app') is null or app = getvariable('app'))
    and (
        getvariable('first_day') is null
        or (
            utc_day >= getvariable('first_day')::date - 1
            and coalesce(local_day, utc_day) >= getvariable('first_day')::date
        )
    )
    and (
        getvariable('last_day') is null
        or (
            utc_day <= getvariable('last_day')::date + 1
            and coalesce(local_day, utc_day) <= getvariable('last_day')::date
        )
    );

-- `events` with times as the app's zone shows them (null where no zone is known), the day to count by, and the
-- source to group by.
create or replace view events_local as
select
    *,
    coalesce(event_date_local, event_date) as day,
    (event_time at time zone 'UTC') + to_minutes(event_utc_offset_minutes) as event_time_local,
    (install_time at time zone 'UTC') + to_minutes(install_utc_offset_minutes) as install_time_local,
    (attributed_touch_time at time zone 'UTC')
    + to_minutes(attributed_touch_utc_offset_minutes) as attributed_touch_time_local,
    (device_download_time at time zone 'UTC')
    + to_minutes(device_download_utc_offset_minutes) as device_download_time_local,
    case when ends_with(topic, 'in_app_event') then 'in_app' else topic end as family,
    coalesce(lower(trim(media_source)), '') in ('', 'organic') as is_organic,
    case when coalesce(lower(trim(media_source)), '') in ('', 'organic') then 'organic' else media_source end as source
from events
where is_test_message is not true;

-- One row for each thing that a person did: of a retargeting pair the primary half, which is the one that Liftoff is
-- told of. `records` counts the rows that tell of it. Sums of revenue over this view are right. All rows of an occurrence
-- are of one app, day, family and name, which stand in the windows so that conditions on them come before. The order
-- within an occurrence is one value, as then DuckDB looks for the least instead of sorting; a text of twelve characters
-- costs it up to a sixth of the query less than a longer one, and 44 bits tell the few rows of an occurrence apart.
create or replace view occurrences as
select *, count(*) over (partition by occurrence_id, app_id, event_date, family, event_name) as records
from events_local
qualify
    row_number() over (
        partition by occurrence_id, app_id, event_date, family, event_name
        order by if(is_primary_attribution, '0', if(is_primary_attribution is null, '1', '2')) || left(event_id, 11)
    ) = 1;

-- Installs, reinstalls, re-attributions and re-engagements: a row an occurrence. These lie first in each file, and a
-- condition on one `topic`, such as that of `installs`, passes over all other rows.
create or replace view conversions as
select *, count(*) over (partition by occurrence_id, app_id, event_date, topic) as records
from events_local
where topic in ('install', 'reinstall', 're_attribution', 're_engagement')
qualify
    row_number() over (
        partition by occurrence_id, app_id, event_date, topic
        order by if(is_primary_attribution, '0', if(is_primary_attribution is null, '1', '2')) || left(event_id, 11)
    ) = 1;

-- First installs, organic ones included; the other conversions are none.
create or replace view installs as
select *
from conversions
where topic = 'install';

-- In-app events with revenue, whatever they are called, refunds (negative) included. Revenue from showing ads,
-- which nobody paid for by hand, is left out. A row an occurrence, of the rows that have revenue. These are looked for
-- in two steps, each of which passes over the rows without revenue that a file says to have none of.
create or replace view purchases as
select
    *,
    count(*) over (partition by occurrence_id, app_id, event_date) as records,
    coalesce(event_revenue_usd, event_revenue) < 0 as is_refund
from (
    from events_local where event_revenue <> 0
    union all
    from events_local where event_revenue is null and event_revenue_usd <> 0
)
where family = 'in_app' and coalesce(event_name, '') <> 'af_ad_revenue'
qualify
    row_number() over (
        partition by occurrence_id, app_id, event_date
        order by if(is_primary_attribution, '0', if(is_primary_attribution is null, '1', '2')) || left(event_id, 11)
    ) = 1;

-- Events inside a re-engagement window, told once for the retargeting source and once for the original one. Where the
-- primary half has not come (yet), `is_complete` is false and `retargeting_source` null.
create or replace view retargeting_pairs as
select
    app_id,
    event_date,
    occurrence_id,
    any_value(event_date_local) as event_date_local,
    any_value(day) as day,
    any_value(event_time) as event_time,
    any_value(event_name) as event_name,
    min(source) filter (is_primary_attribution is not false) as retargeting_source,
    min(campaign) filter (is_primary_attribution is not false) as retargeting_campaign,
    min(source) filter (is_primary_attribution is false) as original_source,
    min(campaign) filter (is_primary_attribution is false) as original_campaign,
    any_value(event_revenue_usd) as event_revenue_usd,
    count(*) as records,
    bool_or(is_primary_attribution is not false) as is_complete
from events_local
group by app_id, event_date, occurrence_id
having bool_or(is_primary_attribution is false);

-- What became of each occurrence that was planned for Liftoff, the best outcome where several plans had it. In the lake
-- after `pushlift backfill reconcile`.
create or replace view postback_outcomes as
with newest as (
    select *
    from postbacks
    qualify row_number() over (partition by plan_id, position order by exported_at desc, run_id desc) = 1
)

select *
from newest
where code is distinct from 'test_message'
qualify
    row_number() over (
        partition by occurrence_id, mode
        order by
            list_position(['delivered', 'unknown', 'refused', 'cancelled', 'excluded'], state) nulls last,
            plan_id desc
    ) = 1;
