-- Each rule that failed for an app, with the figures of the last time: required ones first, the latest first.
select
    app_id,
    suite,
    rule_id,
    subject,
    severity,
    arg_max(verdict, checked_at) as verdict,
    count(*) as times,
    min(checked_at) as first_at,
    max(checked_at) as last_at,
    last(observed order by checked_at) as observed,
    arg_max(threshold, checked_at) as threshold,
    arg_max(detail, checked_at) as detail
from asked_checks
where verdict in ('failed', 'accepted') and rule_id <> 'audit'
group by app_id, suite, rule_id, subject, severity
order by severity desc, last_at desc, app_id, rule_id, subject
