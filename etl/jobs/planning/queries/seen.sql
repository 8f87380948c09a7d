-- The mapped rows of the chosen days, each in some eighty bytes: who, what, when.
--
-- `place` orders occurrences by time, then by their id: ties are always decided alike.
create table seen as
select
    scanned.event_date,
    scanned.event_id::uuid as event_id,
    scanned.occurrence_id::uuid as occurrence_id,
    md5_number(name_person(scanned)) as person,
    kinds.word,
    kinds.is_asked,
    epoch_us(scanned.event_time)::hugeint * 18446744073709551616
    + ('0x' || scanned.occurrence_id[1:16])::ubigint as place,
    case when kinds.tells_install then scanned.install_time end as installed_at,
    scanned.loaded_at,
    coalesce(not scanned.is_primary_attribution, false) as is_other_half,
    coalesce(list_contains(scanned.quality_flags, 'possible_twin'), false) as is_twin,
    coalesce(list_contains(scanned.quality_flags, 'weak_identity'), false) as is_weak,
    coalesce(scanned.is_test_message, false) as is_test
from scanned
join kinds on kinds.topic = coalesce(scanned.topic, '') and kinds.name = coalesce(scanned.event_name, '')
where kinds.word is not null
