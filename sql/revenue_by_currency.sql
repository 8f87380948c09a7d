-- Question:  in which currencies was sold, and does AppsFlyer's amount in USD stand beside each?
-- Columns:   app_id, currency, purchases (refunds included), revenue (in that currency), revenue_usd, without_usd.
-- Caveats:   Amounts of different currencies must not be added; a null currency is an amount that nobody can convert.
-- Variables: app, first_day, last_day.
select
    app_id,
    event_revenue_currency as currency,
    count(*) as purchases,
    sum(event_revenue) as revenue,
    coalesce(sum(event_revenue_usd), 0) as revenue_usd,
    count(*) filter (event_revenue_usd is null) as without_usd
from purchases
where is_asked(app_id, event_date, event_date_local)
group by app_id, currency
order by app_id, purchases desc, currency
