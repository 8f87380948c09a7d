-- Question:  what became of the events of a day, by name: told to Liftoff, refused, in doubt, or left out, and why?
-- Columns:   app_id, event_date (UTC), event_name (AppsFlyer's), mode, events (occurrences in the lake), planned,
--            delivered, refused, unknown, cancelled, excluded, excluded_by_reason, not_planned.
-- Caveats:   Outcomes are in the lake after `pushlift backfill reconcile`. An occurrence that several plans had is
--            counted once, by the best that became of it. Events without a plan are those that no plan asked for or
--            that the app's vocabulary does not name.
-- Variables: app, first_day, last_day (UTC days).
with occurrences as (
    select
        app_id,
        event_date,
        case when topic in ('reinstall', 're_engagement', 're_attribution') then topic else event_name end as event_name,
        occurrence_id
    from events
    where is_test_message is not true and is_asked(app_id, event_date, event_date)
    group by all
),

newest as (
    select occurrence_id, mode, plan_id, state, code
    from postbacks
    qualify row_number() over (partition by plan_id, position order by exported_at desc, run_id desc) = 1
),

best as (
    select *
    from newest
    qualify row_number() over (
        partition by occurrence_id, mode
        order by
            list_position(['delivered', 'unknown', 'refused', 'cancelled', 'excluded'], state),
            plan_id desc
    ) = 1
),

-- Few: one for each outcome of an app's day and name, where there are millions of occurrences.
told as (
    select
        o.app_id, o.event_date, o.event_name, coalesce(b.mode, 'production') as mode, b.state, b.code, count(*) as n
    from occurrences as o
    left join best as b on o.occurrence_id = b.occurrence_id
    group by all
)

select
    app_id,
    event_date,
    event_name,
    mode,
    sum(n)::bigint as events,
    coalesce(sum(n) filter (state <> 'excluded'), 0)::bigint as planned,
    coalesce(sum(n) filter (state = 'delivered'), 0)::bigint as delivered,
    coalesce(sum(n) filter (state = 'refused'), 0)::bigint as refused,
    coalesce(sum(n) filter (state = 'unknown'), 0)::bigint as unknown,
    coalesce(sum(n) filter (state = 'cancelled'), 0)::bigint as cancelled,
    coalesce(sum(n) filter (state = 'excluded'), 0)::bigint as excluded,
    map_from_entries(list((code, n) order by n desc, code) filter (state = 'excluded')) as excluded_by_reason,
    coalesce(sum(n) filter (state is null), 0)::bigint as not_planned
from told
group by all
order by all
