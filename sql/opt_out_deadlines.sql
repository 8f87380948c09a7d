-- Question:  which opt-outs are still open, and when are they due?
-- Columns:   app_id (`*` for all apps), kind, deadline_date (UTC), open, waiting (for a person to look), to_submit
--            (to Liftoff), to_erase.
-- Caveats:   From the ledger, so only in `pushlift sql` and `etl.open_lake()`. Requests, not people: an id and an app
--            are one. No identifier is in it.
-- Variables: app.
select
    app_id,
    kind,
    deadline_date,
    coalesce(sum(requests) filter (state = 'open'), 0)::bigint as open,
    coalesce(sum(requests) filter (state = 'waiting'), 0)::bigint as waiting,
    coalesce(sum(requests) filter (state = 'open' and submission = 'due'), 0)::bigint as to_submit,
    coalesce(sum(requests) filter (state = 'open' and erasure = 'due'), 0)::bigint as to_erase
from opt_out_progress
where
    state in ('open', 'waiting')
    and (getvariable('app') is null or app_id in (getvariable('app'), '*'))
group by app_id, kind, deadline_date
order by deadline_date, app_id, kind
