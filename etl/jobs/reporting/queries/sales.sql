-- As the view `purchases` counts: in-app events with an amount, ad revenue left out, once an occurrence. The rows that
-- tell of a sale a second time are taken off again, which costs less than numbering all of them.
with signed as (
    select 1 as sign, * from (
        select
            app_id, coalesce(event_date_local, event_date) as day, event_revenue_currency as currency,
            event_revenue, event_revenue_usd
        from events
        where
            list_contains(getvariable('apps'), app_id)
            and event_date between getvariable('first_day')::date - 1 and getvariable('last_day')::date + 1
            and coalesce(event_revenue, event_revenue_usd, 0) <> 0
            and ends_with(topic, 'in_app_event')
            and coalesce(event_name, '') <> 'af_ad_revenue'
            and is_test_message is not true
    )
    union all
    select
        -1, app_id, coalesce(event_date_local, event_date), event_revenue_currency, event_revenue, event_revenue_usd
    from extra_rows
    where is_extra_sale
),

judged as (
    select *, coalesce(event_revenue_usd, event_revenue) < 0 as is_refund
    from signed
    where day between getvariable('first_day')::date and getvariable('last_day')::date
)

select
    app_id,
    day,
    currency,
    coalesce(sum(sign) filter (not is_refund), 0)::bigint as purchases,
    coalesce(sum(sign) filter (is_refund), 0)::bigint as refunds,
    coalesce(sum(sign * event_revenue), 0) as revenue,
    coalesce(sum(sign * event_revenue) filter (is_refund), 0) as refunded,
    coalesce(sum(sign * event_revenue_usd), 0) as usd,
    coalesce(sum(sign) filter (event_revenue_usd is null), 0)::bigint as without_usd
from judged
group by all
order by app_id, day, currency
