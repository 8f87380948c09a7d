-- Question:  to which media sources and campaigns is revenue attributed?
-- Columns:   app_id, source, campaign, purchases (refunds not counted), buyers, revenue_usd (after refunds).
-- Caveats:   A sale inside a re-engagement window counts for the retargeting source alone;
--            sql/retargeting_pairs_by_source.sql says whose it was before. By the day of the sale, not of the
--            install: sql/revenue_by_cohort.sql.
-- Variables: app, first_day, last_day.
select
    app_id,
    source,
    campaign,
    count(*) filter (not is_refund) as purchases,
    count(distinct appsflyer_id) filter (not is_refund) as buyers,
    coalesce(sum(event_revenue_usd), 0) as revenue_usd
from purchases
where is_asked(app_id, event_date, event_date_local)
group by app_id, source, campaign
order by app_id, revenue_usd desc, source, campaign
