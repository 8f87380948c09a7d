-- Question:  which sales and other events inside re-engagement windows were told twice, for which two sources?
-- Columns:   app_id, retargeting_source, original_source, pairs, incomplete (of which only the original source's half
--            has come), revenue_usd (once per pair).
-- Caveats:   AppsFlyer's own dashboards show the revenue for each of the two. Null as retargeting source: its half
--            has not come (yet).
-- Variables: app, first_day, last_day.
select
    app_id,
    retargeting_source,
    original_source,
    count(*) as pairs,
    count(*) filter (not is_complete) as incomplete,
    coalesce(sum(event_revenue_usd), 0) as revenue_usd
from retargeting_pairs
where is_asked(app_id, event_date, event_date_local)
group by app_id, retargeting_source, original_source
order by app_id, pairs desc, retargeting_source, original_source
