-- Question:  what is in quarantine, and why?
-- Columns:   reason (the stable code; docs/quality.md says what each means), app_id (null where the message could not
--            be read far enough to know), field (that the reason blames; null where the message could not be read),
--            messages, objects (landed objects that they came from), of_reason (the row's part of all messages with
--            this reason), first_landed_at, last_landed_at.
-- Caveats:   The most frequent reason first. Counted are messages that are in quarantine now: what was reprocessed
--            after a fix is there no more. `pushlift quarantine show` shows one, `pushlift quarantine reprocess
--            --reason CODE` reads them again.
select
    reason,
    app_id,
    field,
    count(*) as messages,
    count(distinct source_uri) as objects,
    round(count(*) / sum(count(*)) over (partition by reason), 4) as of_reason,
    min(landed_at) as first_landed_at,
    max(landed_at) as last_landed_at
from quarantine
group by reason, app_id, field
order by sum(count(*)) over (partition by reason) desc, reason, messages desc, app_id nulls last, field
