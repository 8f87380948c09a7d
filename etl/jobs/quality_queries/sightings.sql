-- What appeared or vanished. It would have been expected ten times at least before it was first seen, or since
-- it was last seen, had it been as frequent as it was between. That is counted in rows below the prefix; of
-- shapes, which are told from samples, in values of the field that were sampled.
with runs as (
    select app_id, prefix, kind as base, name as base_name, run_id, profiled_at, max(rows) as rows
    from asked_profiles
    where kind in ('rows', 'shape')
    group by all
),

landed as (
    select *, sum(rows) over (partition by app_id, prefix, base, base_name order by profiled_at, run_id) as rows_so_far
    from runs
),

ends as (
    select app_id, prefix, base, base_name, max(rows_so_far) as all_rows
    from landed
    group by all
),

figures as (
    select *, if(kind = 'shape', 'shape', 'rows') as base, if(kind = 'shape', name, '') as base_name
    from asked_profiles
    where present > 0 and kind in ('field', 'shape', 'issue', 'zone', 'clock')
),

seen as (
    select
        app_id,
        prefix,
        kind,
        base,
        base_name,
        figures.name,
        coalesce(figures.value, '') as value,
        min(profiled_at) as first_seen,
        max(profiled_at) as last_seen,
        sum(figures.present) as present,
        min(landed.rows_so_far - landed.rows) as rows_before,
        max(landed.rows_so_far) as rows_by_last
    from figures
    join landed using (app_id, prefix, base, base_name, run_id, profiled_at)
    group by all
),

judged as (
    select *, rows_by_last - rows_before as rows, all_rows - rows_by_last as rows_since
    from seen
    join ends using (app_id, prefix, base, base_name)
),

changed as (
    select
        *,
        present / rows * rows_before >= 10 as has_appeared,
        present / rows * rows_since >= 10 as has_vanished
    from judged
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
