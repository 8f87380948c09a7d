-- What the funnel begins with: rows and occurrences of the period's UTC days, by which postbacks are counted, too.
select
    app_id,
    coalesce(sum(records), 0)::bigint as records,
    coalesce(sum(occurrences), 0)::bigint as occurrences
from told
where event_date between getvariable('first_day')::date and getvariable('last_day')::date
group by all
order by all
