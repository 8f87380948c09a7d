-- Question:  which media sources and campaigns brought the installs, and at what cost?
-- Columns:   app_id, source, campaign, installs, costed (installs that have a cost), cost, currency (of the cost),
--            cost_per_install.
-- Caveats:   Cost is what the install's message says, in the app's currency; sources that send costs elsewhere have
--            none here, so `cost_per_install` divides by the installs that have one. A source with several currencies
--            has several rows.
-- Variables: app, first_day, last_day.
select
    app_id,
    source,
    campaign,
    count(*) as installs,
    count(cost_in_selected_currency) as costed,
    sum(cost_in_selected_currency) as cost,
    if(cost_in_selected_currency is null, null, selected_currency) as currency,
    round(sum(cost_in_selected_currency) / nullif(count(cost_in_selected_currency), 0), 4) as cost_per_install
from installs
where is_asked(app_id, event_date, event_date_local)
group by app_id, source, campaign, if(cost_in_selected_currency is null, null, selected_currency)
order by app_id, installs desc, source, campaign, currency
