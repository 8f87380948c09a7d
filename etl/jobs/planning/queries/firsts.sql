-- The first of each person's occurrences of each of Liftoff's events, over all history, and when they installed.
--
-- A possible twin is left out: the row whose twin it may be, of the same second, stands for both. `scanned` are the
-- rows before the chosen days.
create table firsts as
select person, word, min(place) as place, min(installed_at) as installed_at
from (
    select person, word, place, installed_at
    from seen
    where not is_twin and not is_test
    union all
    select
        md5_number(name_person(scanned)) as person,
        kinds.word,
        epoch_us(scanned.event_time)::hugeint * 18446744073709551616
        + ('0x' || scanned.occurrence_id[1:16])::ubigint as place,
        case when kinds.tells_install then scanned.install_time end as installed_at
    from scanned
    join kinds on kinds.topic = coalesce(scanned.topic, '') and kinds.name = coalesce(scanned.event_name, '')
    where
        kinds.word is not null
        and not coalesce(scanned.is_test_message, false)
        and not coalesce(list_contains(scanned.quality_flags, 'possible_twin'), false)
)
where person in (select person from seen)
group by person, word
