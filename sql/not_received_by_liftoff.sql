-- Question:  which events has Liftoff not received, and why?
-- Columns:   app_id, event_name (AppsFlyer's; the conversion's for conversions), state (not_planned, excluded,
--            refused, unknown or cancelled), code (why), events (occurrences), revenue_usd.
-- Caveats:   Deliveries in production alone. Outcomes are in the lake after `pushlift backfill reconcile`; what was
--            sent since is still `not_planned`. Test messages are never sent and not counted.
-- Variables: app, first_day, last_day.
with told as (
    select occurrence_id, state, code
    from postback_outcomes
    where mode = 'production'
)

select
    occurrences.app_id,
    case when family = 'in_app' then occurrences.event_name else family end as event_name,
    coalesce(told.state, 'not_planned') as state,
    told.code,
    count(*) as events,
    coalesce(sum(event_revenue_usd), 0) as revenue_usd
from occurrences
left join told on occurrences.occurrence_id = told.occurrence_id
where told.state is distinct from 'delivered' and is_asked(app_id, event_date, event_date_local)
group by all
order by app_id, events desc, event_name, state, code
