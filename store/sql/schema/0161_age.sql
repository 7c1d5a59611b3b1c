-- How long something has waited that waits since then; nothing waits: not at all.
create function age_ms (since timestamptz) returns bigint language sql stable as $$
    select greatest (coalesce (extract (epoch from clock_timestamp () - since) * 1000, 0), 0)::bigint
$$;
