-- What leaves as the official table: docs/channels.md, "Moving in and out".

-- When a complaint came to the government.  What an old system had first (it is imported as bulk, or was under way for more than 40 days)
-- came when it was written, else it would count in the week of the move; what comes by a living channel came when intake had it, on which
-- the legal clocks stand.
create function came_at (id uuid, received timestamptz, priority smallint) returns timestamptz language sql immutable strict as $$
    select case when priority = 4 or w.at < received - interval '40 days' then w.at else received end
    from (select to_timestamp (('x' || left (replace (id::text, '-', ''), 12))::bit (48)::bigint / 1000.0) as at) w
$$;

-- A moment as it is read in a zone of so many hours east of UTC, with the zone.
create function stamp_in (at timestamptz, zone int) returns text language sql immutable strict as $$
    select to_char (at at time zone 'UTC' + make_interval (hours => zone), 'YYYY-MM-DD HH24:MI:SS') || to_char (zone, 'SG00') || ':00'
$$;

-- A page of complaints below where the session's person coordinates, in the order of their ids behind `last`, that came from `since` on and
-- before `until` (null: whenever), at or below agency `below` (its code; '': wherever he coordinates).  Oversight complaints are there
-- for their named staff alone.  It goes by the primary key, looks at `looks` of them and finds `most`; where it has looked in vain a row with `rest` says
-- up to which.
--
-- Nothing without the order `look` of an export, which says who takes what along: docs/audit.md.
create function export_page (last uuid, since timestamptz, until timestamptz, below text, most int, looks int)
returns table (complaint_id uuid, rest boolean, came timestamptz, zone int) language plpgsql stable security definer rows 200
set search_path = public set enable_hashjoin = off set enable_mergejoin = off as $$
declare
    person int := session_reader ();
    everywhere boolean := session_everywhere ();
    node int;
    nodes int[];
begin
    if person is null or not exists (select from look l where l.complaint_id is null and l.principal = person and l.what = 3
                                                          and l.at > statement_timestamp () - interval '15 minutes') then
        return;
    end if;
    if below <> '' then
        select a.agency_id into node from agency a where lower (a.code) = lower (btrim (below)) and person_may (person, a.agency_id, 1 << 5)
        order by a.code = btrim (below) desc limit 1;
        select array_agg (u.agency) into nodes from agency_above u where u.above = node;
        everywhere := false;
    elsif not everywhere then
        select array_agg (n) into nodes from session_administers (1 << 5) n;
    end if;
    if not everywhere and nodes is null then
        return;
    end if;
    return query
        with walked as materialized (
            select c.complaint_id as id, c.holder, c.flags, c.received, c.priority
            from complaint c
            where c.complaint_id > export_page.last and c.complaint_id >= coalesce (id_at (since - interval '40 days'), export_page.last)
              and c.complaint_id < coalesce (id_at (until + interval '10 minutes'), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
            order by c.complaint_id limit looks
        ), fit as materialized (
            select w.id, came_at (w.id, w.received, w.priority) as came, w.holder
            from walked w
            where (everywhere or w.holder = any (nodes)) and (w.flags & 4 = 0 or person_reads_oversight (person, w.holder))
              and case when since is null and until is null then true
                       else came_at (w.id, w.received, w.priority) >= coalesce (since, '-infinity')
                            and came_at (w.id, w.received, w.priority) < coalesce (until, 'infinity') end
            order by w.id limit most
        )
        select f.id, false, f.came, a.zone::int from fit f join agency a on a.agency_id = f.holder
        union all
        select w.id, true, null, null
        from (select id from walked order by id desc limit 1) w
        where (select count (*) from fit) < most and (select count (*) from walked) = looks;
end $$;

-- What the history tells of complaints' course, without a word of it: also where their words are read behind a look alone.
create function export_course (ids uuid[]) returns table (complaint_id uuid, assigned_at timestamptz, first_at timestamptz, ended_at timestamptz, ended_by text, reason text,
                                                       breaches text, hops bigint, paused bigint)
language sql stable security definer rows 200 set search_path = public set enable_hashjoin = off set enable_mergejoin = off as $$
    select c.complaint_id, h.assigned_at, h.first_at, n.at, n.ended_by, n.reason, h.breaches, h.hops, p.days
    from complaint c
    cross join lateral (
        select coalesce (min (e.at) filter (where e.data -> 'placed' = 'true'), case when c.due_first is not null then c.received end) as assigned_at,
               min (e.at) filter (where e.kind in (16, 17) and not coalesce (e.data ? 'support', false)) as first_at,
               string_agg (distinct e.data ->> 'clock', ' ') filter (where e.kind = 41 and not exists (
                   select from event x where x.complaint_id = e.complaint_id and x.kind = 46 and x.number > e.number
                                         and x.data ->> 'clock' = e.data ->> 'clock')) as breaches,
               count (*) filter (where e.kind = 19) as hops,
               bool_or (e.kind in (22, 26, 35, 36, 43, 44, 72) or e.kind = 18 and e.data ? 'from') as stood
        from event e where e.complaint_id = c.complaint_id and e.number is not null) h
    left join lateral (
        select e.at, case when e.kind in (43, 44) then 'system' when e.kind in (35, 36) then 'reporter' else 'admin' end as ended_by,
               case e.kind when 22 then (array['fixed', 'explained', 'planned', 'cannot_fix', 'info_given'])[(e.data ->> 'reason')::int]
                           when 43 then e.data ->> 'why' when 44 then 'expired' when 35 then 'satisfied' when 36 then 'withdrawn'
                           else (array['sara', 'no_evidence', 'unclear', 'not_government', 'bad_format', 'too_general', 'private_party',
                                       'in_court', 'law_enforcement', 'content_rule'])[(e.data ->> 'reason')::int] end as reason
        from event e
        where e.complaint_id = c.complaint_id and e.kind in (22, 26, 35, 36, 43, 44, 72) and e.number is not null and c.state in (7, 8, 9)
        order by e.number desc limit 1) n on true
    cross join lateral (
        -- a pause begins at an end, too: then it counts nothing until the case lives again
        select coalesce (sum ((coalesce (upper (r), n.at, statement_timestamp ()) at time zone 'UTC' + z.hours)::date
                              - (lower (r) at time zone 'UTC' + z.hours)::date), 0) as days
        from unnest (clock_pauses (c.complaint_id)) r,
             (select make_interval (hours => a.zone) as hours from agency a where a.agency_id = c.holder) z
        where h.stood) p
    where c.complaint_id = any (ids)
$$;

-- A place's name at a level, by the code of what lies within it.
create function place_name (code text, level int) returns text language sql stable strict as $$
    select r.name from region r where r.code = array_to_string ((string_to_array (place_name.code, '.'))[1:place_name.level], '.') and r.level = place_name.level
$$;

grant execute on function export_page (uuid, timestamptz, timestamptz, text, int, int), export_course (uuid[]) to aduan_desk;
