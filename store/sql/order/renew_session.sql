-- Nothing but that the session goes on, as it does with every order: for whoever reads for long.
--   $1 person  $2 arguments: of the store session
select 1, null::int, null::text,
       (select jsonb_build_object ('ends_at', s.ends_at, 'last_at', s.last_at)
        from session s where s.principal_id = $1::int and s.token_hash = decode ($2::jsonb ->> 'session', 'hex'))::text
