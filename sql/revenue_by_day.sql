-- Question:  what was sold each day, in the app's zone?
-- Columns:   app_id, day, purchases (refunds not counted), buyers (installations that bought), revenue_usd (after
--            refunds), refunds, refunded_usd (negative), without_usd (purchases that have no amount in USD, and are
--            not in the sums).
-- Caveats:   Once per occurrence: both halves of a retargeting pair are one sale. Revenue is AppsFlyer's conversion
--            to USD at the event; ad revenue is left out.
-- Variables: app, first_day, last_day.
select
    app_id,
    day,
    count(*) filter (not is_refund) as purchases,
    count(distinct appsflyer_id) filter (not is_refund) as buyers,
    coalesce(sum(event_revenue_usd), 0) as revenue_usd,
    count(*) filter (is_refund) as refunds,
    coalesce(sum(event_revenue_usd) filter (is_refund), 0) as refunded_usd,
    count(*) filter (event_revenue_usd is null) as without_usd
from purchases
where is_asked(app_id, event_date, event_date_local)
group by app_id, day
order by app_id, day
