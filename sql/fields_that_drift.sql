-- Question:  which fields are filled much more or less often in the last 7 days than in the 28 before?
-- Columns:   app_id, field, share_before, share_now (of rows), change (in points of a hundred), rows_before,
--            rows_now.
-- Caveats:   Told where the change is 10 points or more and both spans have 100 rows. From the table `profiles`, by
--            the time of the run: a resend of old exports counts when it came. `pushlift quality report` shows the
--            same as a diary.
-- Variables: app; last_day (the last of the 7 days; else that of the newest run).
with ends as (
    select coalesce(getvariable('last_day')::date, max(profiled_at)::date) as last_day
    from profiles
),

spans as (
    select
        profiles.*,
        profiled_at >= last_day - 6 as is_now
    from profiles, ends
    where
        profiled_at < last_day + 1
        and profiled_at >= last_day - 34
        and (getvariable('app') is null or app_id = getvariable('app'))
),

totals as (
    select app_id, is_now, sum(rows) as rows
    from spans
    where kind = 'rows'
    group by all
),

fields as (
    select app_id, name as field, is_now, sum(present) as present
    from spans
    where kind = 'field'
    group by all
),

shares as (
    select
        names.app_id,
        names.field,
        max(totals.rows) filter (not totals.is_now) as rows_before,
        max(totals.rows) filter (totals.is_now) as rows_now,
        coalesce(max(fields.present) filter (not totals.is_now), 0) / rows_before as share_before,
        coalesce(max(fields.present) filter (totals.is_now), 0) / rows_now as share_now
    from (select distinct app_id, field from fields) as names
    join totals on names.app_id = totals.app_id
    left join fields
        on names.app_id = fields.app_id and names.field = fields.field and totals.is_now = fields.is_now
    group by names.app_id, names.field
)

select
    app_id,
    field,
    round(share_before, 4) as share_before,
    round(share_now, 4) as share_now,
    round(100 * (share_now - share_before), 2) as change,
    rows_before::bigint as rows_before,
    rows_now::bigint as rows_now
from shares
where rows_before >= 100 and rows_now >= 100 and abs(share_now - share_before) >= 0.1
order by app_id, abs(change) desc, field
