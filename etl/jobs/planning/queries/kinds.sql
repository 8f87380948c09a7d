-- Which kinds of events the scanned rows are of.
select distinct coalesce(topic, '') as topic, coalesce(event_name, '') as name from scanned
