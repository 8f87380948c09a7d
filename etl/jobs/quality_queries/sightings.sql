-- What appeared or vanished. It would have been expected ten times at least before it was first seen, or since
-- it was last seen, had it been as frequent as it was between. Shapes are told from samples, so theirs is the
-- share of the sample, and a shape of few values is none.
with runs as (
    select app_id, prefix, run_id, profiled_at, sum(rows) as rows
    from profiles
    where kind = 'rows'
    group by all
),

landed as (
    select *, sum(rows) over (partition by app_id, prefix order by profiled_at, run_id) as rows_so_far
    from runs
),

ends as (
    select app_id, prefix, max(rows_so_far) as all_rows
    from landed
    group by all
),

seen as (
    select
        profiles.app_id,
        profiles.prefix,
        profiles.kind,
        profiles.name,
        coalesce(profiles.value, '') as value,
        min(profiles.profiled_at) as first_seen,
        max(profiles.profiled_at) as last_seen,
        sum(profiles.rows) as looked_at,
        sum(profiles.present) as present,
        min(landed.rows_so_far - landed.rows) as rows_before,
        max(landed.rows_so_far) as rows_by_last
    from profiles
    join landed using (app_id, prefix, run_id, profiled_at)
    where profiles.present > 0 and profiles.kind in ('field', 'shape', 'issue', 'zone', 'clock')
    group by all
),

judged as (
    select
        *,
        if(kind = 'shape', looked_at, rows_by_last - rows_before) as rows,
        all_rows - rows_by_last as rows_since
    from seen
    join ends using (app_id, prefix)
),

changed as (
    select
        *,
        present / rows * rows_before >= 10 as has_appeared,
        present / rows * rows_since >= 10 as has_vanished
    from judged
    where kind <> 'shape' or (present >= 3 and present / rows >= 0.2)
)

select
    app_id,
    coalesce(prefix, '') as prefix,
    kind,
    name,
    value,
    if(has_vanished, 'vanished', 'appeared') as change,
    first_seen,
    last_seen,
    rows::bigint as rows,
    present::bigint as present
from changed
where has_vanished or has_appeared
order by if(has_vanished, last_seen, first_seen) desc, app_id, prefix, kind, name, value
