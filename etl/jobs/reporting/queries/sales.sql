-- As the view `purchases` counts: in-app events with an amount, ad revenue left out, once an occurrence. The rows that
-- tell of a sale a second time are taken off again.
with signed as (
    select app_id, day, currency, is_refund, sales, without_usd, revenue, usd
    from sales
    union all
    select
        app_id,
        coalesce(event_date_local, event_date),
        event_revenue_currency,
        coalesce(event_revenue_usd, event_revenue) < 0,
        -1,
        if(event_revenue_usd is null, -1, 0),
        -event_revenue,
        -event_revenue_usd
    from extra_rows
    where is_extra_sale
)

select
    app_id,
    day,
    currency,
    coalesce(sum(sales) filter (not is_refund), 0)::bigint as purchases,
    coalesce(sum(sales) filter (is_refund), 0)::bigint as refunds,
    coalesce(sum(revenue), 0) as revenue,
    coalesce(sum(revenue) filter (is_refund), 0) as refunded,
    coalesce(sum(usd), 0) as usd,
    sum(without_usd)::bigint as without_usd
from signed
where day between getvariable('first_day')::date and getvariable('last_day')::date
group by all
order by app_id, day, currency
