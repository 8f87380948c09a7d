-- Question:  how many attempts did deliveries to Liftoff take, and how long after the event were they told?
-- Columns:   app_id, mode, state, postbacks, attempts, retried (postbacks of more than one attempt), median_hours
--            (from the plan to the outcome).
-- Caveats:   The best outcome of each occurrence. Postbacks that were excluded have no attempts and are left out.
-- Variables: app; first_day, last_day (UTC days of the event).
select
    app_id,
    mode,
    state,
    count(*) as postbacks,
    sum(attempts)::bigint as attempts,
    count(*) filter (attempts > 1) as retried,
    round(median(epoch_us(settled_at) - epoch_us(planned_at)) / 3600e6, 2) as median_hours
from postback_outcomes
where state <> 'excluded' and is_asked(app_id, event_date, event_date)
group by app_id, mode, state
order by app_id, mode, state
