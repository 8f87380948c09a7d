-- Question:  which media sources helped with installs that were attributed to another?
-- Columns:   app_id, contributor, assists (installs in which it had a touch), won_by_another, won_by_itself, organic
--            (won by nobody).
-- Caveats:   AppsFlyer tells of three contributing touches at most. A source with several touches in one install is
--            counted once.
-- Variables: app, first_day, last_day.
with touches as (
    select distinct
        app_id,
        occurrence_id,
        source,
        is_organic,
        unnest([contributor_1_media_source, contributor_2_media_source, contributor_3_media_source]) as contributor
    from installs
    where is_asked(app_id, event_date, event_date_local)
)

select
    app_id,
    contributor,
    count(*) as assists,
    count(*) filter (not is_organic and lower(source) <> lower(contributor)) as won_by_another,
    count(*) filter (not is_organic and lower(source) = lower(contributor)) as won_by_itself,
    count(*) filter (is_organic) as organic
from touches
where contributor is not null
group by app_id, contributor
order by app_id, assists desc, contributor
