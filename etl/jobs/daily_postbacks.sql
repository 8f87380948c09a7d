-- What became of each day's postbacks, by Liftoff's name of the event.
select
    event_date,
    event_name,
    count(*) filter (state = 'delivered') as delivered,
    count(*) filter (state = 'refused') as refused,
    count(*) filter (state = 'unknown') as unknown,
    count(*) filter (state = 'excluded') as excluded
from postbacks
group by all
order by all
