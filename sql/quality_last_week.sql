-- Question:  what failed last week, by app?
-- Columns:   app_id (null where the whole run was judged), rule_id, severity (required: the app's part of the run was
--            held back; advisory: people were told), subject, times (runs in which it failed), accepted (how often a
--            person accepted the failure since, with a reason), first_at, last_at, observed, threshold, detail (the
--            figure, what was wanted, and a sentence, as they were the last time).
-- Caveats:   One row for each rule that failed for an app, and each thing that it looked at there: apps in
--            alphabetical order, required failures first, then the latest. The last week is the 168 hours until now,
--            by the time of the check; events of any day may have been checked in it. The summary of each audit (rule
--            `audit`) repeats what its checks say, and is left out; look there for the days of events that a release
--            or a later run has put right.
select
    app_id,
    rule_id,
    severity,
    subject,
    count(distinct run_id) filter (verdict = 'failed') as times,
    count(distinct run_id) filter (verdict = 'accepted') as accepted,
    min(checked_at) filter (verdict = 'failed') as first_at,
    max(checked_at) filter (verdict = 'failed') as last_at,
    arg_max(observed, checked_at) filter (verdict = 'failed') as observed,
    arg_max(threshold, checked_at) filter (verdict = 'failed') as threshold,
    arg_max(detail, checked_at) filter (verdict = 'failed') as detail
from checks
where
    checked_at > now() - interval 168 hours
    and checked_at <= now()
    and verdict in ('failed', 'accepted')
    and rule_id <> 'audit'
group by app_id, rule_id, severity, subject
having count(*) filter (verdict = 'failed') > 0
order by app_id nulls last, severity desc, last_at desc, rule_id, subject
