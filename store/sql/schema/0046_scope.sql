-- What people read: by role aduan_desk, whose transactions have the session's token for a setting, and nothing else.

-- The session's person; null: none, or over.  Asked in an uncorrelated select, it is looked up once a query.
create function session_reader () returns int language sql stable security definer set search_path = public as $$
    select session_person (decode (current_setting ('aduan.session', true), 'hex'))
$$;
-- And the session as it is.
create function session_reading () returns table (principal_id int, ends_at timestamptz, last_at timestamptz)
language sql stable security definer set search_path = public as $$
    select s.principal_id, s.ends_at, s.last_at
    from session s
    where s.token_hash = sha256 (decode (current_setting ('aduan.session', true), 'hex'))
      and s.principal_id = session_person (decode (current_setting ('aduan.session', true), 'hex'))
$$;

grant usage on schema public to aduan_desk;
grant select on region, function, agency, agency_above, category, competence, day_off to aduan_desk;
grant select (principal_id, login, name, language, seen_at, locked_until) on person to aduan_desk;
