-- Days of events whose last verdict, by severity, is worse than passed.
-- A later audit of the same day takes the place of an earlier one, with all its checks.
with last_runs as (
    select app_id, event_date, severity, max(checked_at) as checked_at
    from asked_checks
    where app_id is not null and event_date is not null
    group by all
),

worst as (
    select app_id, event_date, severity, checked_at, min(verdict) filter (verdict <> 'passed') as verdict, bool_or(verdict = 'failed') as is_failed
    from asked_checks
    join last_runs using (app_id, event_date, severity, checked_at)
    group by all
)

select app_id, event_date, if(is_failed, 'failed', verdict) as verdict, severity, checked_at
from worst
where verdict is not null
order by event_date desc, app_id, severity desc
