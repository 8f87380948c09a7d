-- Question:  how many people installed each day, in the app's zone, and how many of them by themselves?
-- Columns:   app_id, day, installs, organic, paid, reinstalls, re_attributions, re_engagements.
-- Caveats:   Days are the app's, as AppsFlyer's dashboards count them; UTC days where the app's zone is not known.
--            `paid` is every install with a media source, owned media included. Reinstalls and the rest are not
--            installs.
-- Variables: app, first_day, last_day.
select
    app_id,
    day,
    count(*) filter (topic = 'install') as installs,
    count(*) filter (topic = 'install' and is_organic) as organic,
    count(*) filter (topic = 'install' and not is_organic) as paid,
    count(*) filter (topic = 'reinstall') as reinstalls,
    count(*) filter (topic = 're_attribution') as re_attributions,
    count(*) filter (topic = 're_engagement') as re_engagements
from conversions
where is_asked(app_id, event_date, event_date_local)
group by app_id, day
order by app_id, day
