-- How the checks of each app ended, by the day they were made; the summary row of an audit is none of them.
select
    app_id,
    checked_at::date as day,
    severity,
    verdict,
    count(*) as checks
from asked_checks
where rule_id <> 'audit'
group by all
order by all
