-- What is decided of each row that is asked for, before it is read whole.
create table chosen as
select
    seen.event_date,
    seen.event_id,
    hash(seen.occurrence_id) as part,
    seen.occurrence_id in (select occurrence_id from pairs) as is_pair,
    seen.occurrence_id in (select occurrence_id from delivered) as is_delivered,
    case
        when seen.is_weak or seen.is_twin or seen.is_test then null
        when seen.place > firsts.place then false
        when firsts.installed_at >= complete.since then true
    end as is_first_event
from seen
left join firsts on firsts.person = seen.person and firsts.word = seen.word
left join complete on complete.event_date = seen.event_date
where
    seen.is_asked
    and (
        $since is null
        or seen.occurrence_id in (select occurrence_id from seen where loaded_at >= $since)
        -- Halves of which the primary did not come were too fresh when they were looked at last.
        or (
            seen.is_other_half
            and seen.loaded_at >= $pairs_since
            and seen.occurrence_id not in (select occurrence_id from delivered)
        )
    )
