-- How many occurrences of each day and name the vocabulary has no word for.
select scanned.event_date, kinds.source_name, count(distinct scanned.occurrence_id::uuid) as occurrences
from scanned
join kinds on kinds.topic = coalesce(scanned.topic, '') and kinds.name = coalesce(scanned.event_name, '')
where kinds.event_name is null and kinds.is_asked and not coalesce(scanned.is_test_message, false)
group by all
