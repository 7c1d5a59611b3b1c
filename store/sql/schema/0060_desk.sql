-- What the desk reads by, beside what 0048 says of who sees what: how clocks are shown, and where an agency's open work is found.

-- Roles that read cases: coordinator, agency admin, liaison, as bits 1 << role (person_may).  Overseers read by permits.
create function desk_readers () returns int language sql immutable as $$ select (1 << 5) | (1 << 6) | (1 << 7) $$;

-- The agencies whose own queues are the reader's, or the one that is named: it must be in his scope.
create function desk_nodes (code text) returns setof int language sql stable rows 2 security definer set search_path = public as $$
    select distinct p.agency_id
    from appointment p
    where code = '' and p.principal_id = session_reader () and p.ended_at is null and p.role in (5, 6, 7)
      and (p.until is null or p.until > statement_timestamp ())
    union all
    select a.agency_id from agency a where a.code = desk_nodes.code and person_may (session_reader (), a.agency_id, desk_readers ())
$$;

-- Who of an agency of the reader's it is, a person or a machine's key: colleagues see one another.  Null: another agency's.
create function desk_who (principal int, agency int) returns text language sql stable security definer set search_path = public as $$
    select coalesce (q.name, x.name)
    from principal x left join person q on q.principal_id = x.principal_id
    where x.principal_id = principal and person_may (session_reader (), agency, desk_readers ())
$$;

-- How many working days from tomorrow to the due instant's last day, in its own zone, or since then where it has passed (`late`).
-- Each day still to come that does not count is in `skipped`, with its reason; at most the next 120 days are looked at.
create function desk_clock (due timestamptz) returns jsonb language sql stable security definer set search_path = public as $$
    with local as materialized (
        select due_zone (due) as zone, ((now () at time zone 'UTC') + make_interval (hours => due_zone (due)))::date as today,
               ((due at time zone 'UTC') + make_interval (hours => due_zone (due)))::date - 1 as last, calendar_now () as calendar
    )
    select jsonb_build_object ('due', due, 'last', l.last, 'zone', l.zone, 'late', due <= now (),
               'days', abs (working_days_to (l.calendar, l.last) - working_days_to (l.calendar, l.today)),
               'skipped', (select coalesce (jsonb_agg (jsonb_build_object ('day', d::date, 'kind', coalesce (o.kind, 'weekend'), 'name', o.name)
                                                       order by d), '[]')
                           from generate_series (l.today + 1, least (l.last, l.today + 120), interval '1 day') d
                           left join day_off o on o.day = d::date
                           where o.day is not null or extract (isodow from d) > 5))
    from local l where due is not null
$$;

-- A title as lists show it.  One that is only the beginning of the text (nobody gave it one) says that it goes on.
create function desk_title (title text, body text) returns text language sql immutable as $$
    select case when starts_with (body, title) and length (body) > length (title) then rtrim (title) || '…' else title end
$$;

-- Open work of one agency by what is due next.  A column of its own, and not its state, so that a lease is still written in place.
alter table assignment add open boolean not null generated always as (state < 7) stored;
create index assignment_open on assignment (agency, due, complaint_id) where open;
