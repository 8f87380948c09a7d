-- Which of a day's scanned rows are chosen, in their order. Rows that share their occurrence with others come in parts.
select scanned.place, chosen.is_first_event, chosen.is_pair, chosen.is_delivered, kinds.source_name
from scanned
join chosen on chosen.event_id = scanned.event_id::uuid and chosen.event_date = $day
join kinds on kinds.topic = coalesce(scanned.topic, '') and kinds.name = coalesce(scanned.event_name, '')
where case when chosen.is_pair then chosen.part % $parts = $part else $part = 0 end
order by scanned.place
