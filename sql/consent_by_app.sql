-- Question:  how many installations let themselves be tracked, by app and platform?
-- Columns:   app_id, platform, installs, limited (is_lat), att_authorized, att_denied, att_unsaid, gdpr_applies,
--            may_share (ad_user_data_enabled).
-- Caveats:   As the install's message says it; null means that nothing was said, and is counted in none of the
--            columns but `att_unsaid`. What a consent does to postbacks is configured in `liftoff.consent`.
-- Variables: app, first_day, last_day.
select
    app_id,
    platform,
    count(*) as installs,
    count(*) filter (is_lat) as limited,
    count(*) filter (lower(att) in ('authorized', 'af_authorized')) as att_authorized,
    count(*) filter (lower(att) in ('denied', 'af_denied')) as att_denied,
    count(*) filter (att is null) as att_unsaid,
    count(*) filter (gdpr_applies) as gdpr_applies,
    count(*) filter (ad_user_data_enabled) as may_share
from installs
where is_asked(app_id, event_date, event_date_local)
group by app_id, platform
order by app_id, platform
