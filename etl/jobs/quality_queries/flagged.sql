select coalesce(sum(events), 0)::bigint as events from counts where quality_flags is not null
