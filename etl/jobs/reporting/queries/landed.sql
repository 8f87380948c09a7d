-- When the object of each load landed, in milliseconds since 1970.
select load_id, any_value(epoch_ms(landed_at)) as landed_ms
from loads
where load_id is not null and landed_at is not null
group by load_id
