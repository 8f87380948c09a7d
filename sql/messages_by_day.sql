-- Question:  what became of the messages that landed each day: published, duplicates, quarantined, held back?
-- Columns:   landed_date (UTC), objects, messages, published, duplicates, quarantined, suppressed (of people who
--            opted out), held (back now or once), failed_objects, duplicate_share, unaccounted (always 0, or the run
--            would have failed).
-- Caveats:   Days are those on which objects landed. An object that was read again is counted once, as it was read
--            last. Held messages that were released since are still counted as held.
-- Variables: first_day, last_day (of landing).
with newest as (
    select *
    from loads
    where
        status <> 'released'
        and (getvariable('first_day') is null or landed_at >= getvariable('first_day')::date)
        and (getvariable('last_day') is null or landed_at < getvariable('last_day')::date + 1)
    qualify row_number() over (partition by source_uri order by loaded_at desc, load_id desc) = 1
)

select
    landed_at::date as landed_date,
    count(*) as objects,
    sum(messages)::bigint as messages,
    sum(published)::bigint as published,
    sum(duplicates)::bigint as duplicates,
    sum(quarantined)::bigint as quarantined,
    sum(suppressed)::bigint as suppressed,
    sum(held)::bigint as held,
    count(*) filter (status = 'failed') as failed_objects,
    round(sum(duplicates) / nullif(sum(messages), 0), 4) as duplicate_share,
    sum(messages - published - duplicates - quarantined - suppressed - held)::bigint as unaccounted
from newest
group by all
order by all
