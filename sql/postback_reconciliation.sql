-- Question:  what became of the events of a day, by name: told to Liftoff, refused, in doubt, or left out, and why?
-- Columns:   app_id, event_date (UTC), event_name (AppsFlyer's), mode, events (occurrences in the lake), planned,
--            delivered, refused, unknown, cancelled, excluded, excluded_by_reason, not_planned.
-- Caveats:   Outcomes are in the lake after `pushlift backfill reconcile`. An occurrence that several plans had is
--            counted once, by the best that became of it. Events without a plan are those that no plan asked for or
--            that the app's vocabulary does not name.
with occurrences as (
    select
        app_id,
        event_date,
        case when topic in ('reinstall', 're_engagement', 're_attribution') then topic else event_name end as event_name,
        occurrence_id
    from events
    where not coalesce(is_test_message, false)
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

told as (
    select o.app_id, o.event_date, o.event_name, coalesce(b.mode, 'production') as mode, b.state, b.code
    from occurrences as o
    left join best as b on o.occurrence_id = b.occurrence_id
),

reasons as (
    select app_id, event_date, event_name, mode, map_from_entries(list((code, n) order by n desc, code)) as reasons
    from (
        select app_id, event_date, event_name, mode, code, count(*) as n
        from told
        where state = 'excluded'
        group by all
    )
    group by all
)

select
    t.app_id,
    t.event_date,
    t.event_name,
    t.mode,
    count(*) as events,
    count(*) filter (t.state is not null and t.state <> 'excluded') as planned,
    count(*) filter (t.state = 'delivered') as delivered,
    count(*) filter (t.state = 'refused') as refused,
    count(*) filter (t.state = 'unknown') as unknown,
    count(*) filter (t.state = 'cancelled') as cancelled,
    count(*) filter (t.state = 'excluded') as excluded,
    any_value(r.reasons) as excluded_by_reason,
    count(*) filter (t.state is null) as not_planned
from told as t
left join reasons as r
    on
        t.app_id = r.app_id
        and t.event_date = r.event_date
        and t.event_name = r.event_name
        and t.mode = r.mode
group by all
order by all
