-- Question:  has what a campaign's installs cost come back in revenue?
-- Columns:   app_id, source, campaign, currency (the app's), installs, cost, revenue (of those installations so far,
--            after refunds), roas (revenue by cost, 1 is even).
-- Caveats:   Both in the app's currency, as AppsFlyer converted them. Only installs with a cost and AppsFlyer's id
--            count, on both sides: costs that a source reports elsewhere are not in the lake. Revenue grows on;
--            compare cohorts of the same age.
-- Variables: app, first_day, last_day (of the install; all later sales are read).
with costs as (
    select
        app_id,
        appsflyer_id,
        any_value(source order by event_time) as source,
        any_value(campaign order by event_time) as campaign,
        any_value(selected_currency order by event_time) as currency,
        sum(cost_in_selected_currency) as cost
    from installs
    where
        appsflyer_id is not null
        and cost_in_selected_currency is not null
        and is_asked(app_id, event_date, event_date_local)
    group by app_id, appsflyer_id
),

sales as (
    select app_id, appsflyer_id, selected_currency, sum(revenue_in_selected_currency) as revenue
    from purchases
    where
        (getvariable('app') is null or app_id = getvariable('app'))
        and (getvariable('first_day') is null or event_date >= getvariable('first_day')::date - 1)
    group by all
)

select
    costs.app_id,
    source,
    campaign,
    currency,
    count(*) as installs,
    sum(cost) as cost,
    coalesce(sum(revenue), 0) as revenue,
    round(coalesce(sum(revenue), 0) / nullif(sum(cost), 0), 4) as roas
from costs
left join sales
    on
        costs.app_id = sales.app_id
        and costs.appsflyer_id = sales.appsflyer_id
        and costs.currency is not distinct from sales.selected_currency
group by costs.app_id, source, campaign, currency
order by costs.app_id, cost desc, source, campaign
