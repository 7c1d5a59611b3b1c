-- Row-level security: the net under what is read (docs/administration.md, "Who reads what").  Every table that holds cases or
-- people has it, and has it forced; each role is named.  The daemons' policies are a constant and cost their statements nothing;
-- aduan_desk's look the session up once a query, in selects that depend on no row.

-- ---- what the session's person sees

-- Agencies whose cases and staff he sees: a coordinator's subtree, an admin's and an officer's own.
create function session_scope () returns setof int language sql stable security definer set search_path = public as $$
    select distinct u.agency
    from appointment a join agency_above u on u.above = a.agency_id
    where a.principal_id = session_reader () and a.role in (5, 6, 7) and a.ended_at is null
      and (a.until is null or a.until > statement_timestamp ()) and (u.depth = 0 or a.role = 5)
$$;
-- Does he coordinate the root?  He sees what anybody sees by his agency, and for him the policies need no list of 19,000 agencies,
-- which takes 10 ms each time that it is made.
create function session_everywhere () returns boolean language sql stable security definer set search_path = public as $$
    select exists (
        select from appointment a join agency g on g.agency_id = a.agency_id
        where a.principal_id = session_reader () and a.role = 5 and g.parent is null and a.ended_at is null
          and (a.until is null or a.until > statement_timestamp ()))
$$;
-- Agencies whose oversight content he reads, as its named staff.
create function session_named () returns setof int language sql stable security definer set search_path = public as $$
    select u.agency
    from appointment a join agency_above u on u.above = a.agency_id and u.depth = 0
    where a.principal_id = session_reader () and a.named and a.ended_at is null and (a.until is null or a.until > statement_timestamp ())
$$;
-- Agencies that he administers: a coordinator's subtree, an admin's own; for keys an operator's subtree, too.
create function session_administers (roles int) returns setof int language sql stable security definer set search_path = public as $$
    select distinct u.agency
    from appointment a join agency_above u on u.above = a.agency_id
    where a.principal_id = session_reader () and roles & (1 << a.role) <> 0 and a.ended_at is null
      and (a.until is null or a.until > statement_timestamp ()) and (u.depth = 0 or a.role in (5, 9))
$$;
-- Agencies of which he sees how many and how late: a coordinator's and an overseer's subtree.
create function session_watches () returns setof int language sql stable security definer set search_path = public as $$
    select distinct u.agency
    from appointment a join agency_above u on u.above = a.agency_id
    where a.principal_id = session_reader () and a.role in (5, 8) and a.ended_at is null and (a.until is null or a.until > statement_timestamp ())
$$;

-- Up to when he reads a case's content and history: for ever, who holds it or has a part in it, who is informed, who was permitted;
-- until it left, who held it before; null: not at all.  Of an oversight complaint an agency's named staff alone, and persons whom
-- they permitted.
create function case_until (id uuid) returns timestamptz language plpgsql stable security definer set search_path = public as $$
declare
    me int := session_reader ();
    c record;
begin
    select holder, flags & 4 <> 0 as oversight, state into c from complaint where complaint_id = id;
    if me is null or c.holder is null then
        return null;
    elsif (case when c.oversight then person_reads_oversight (me, c.holder) else person_may (me, c.holder, 224) end) then
        return 'infinity';
    elsif exists (select from permit p
                  where p.complaint_id = id and p.level >= 2 and p.ended_at is null and p.until > statement_timestamp ()
                    and (p.principal_id = me or not c.oversight and person_may (me, p.agency_id, 224))) then
        return 'infinity';
    elsif not c.oversight and exists (select from informed i where i.complaint_id = id and person_may (me, i.agency, 224)) then
        return 'infinity';
    end if;
    return (select max (case when w.state < 7 then 'infinity'
                             else coalesce (w.left_at, case when c.state >= 7 then timestamptz 'infinity' else timestamptz '-infinity' end) end)
            from assignment w
            where w.complaint_id = id and case when c.oversight then person_reads_oversight (me, w.agency) else person_may (me, w.agency, 224) end);
end $$;

-- Does he see that it is there, its state and its clocks?
create function case_seen (id uuid) returns boolean language plpgsql stable security definer set search_path = public as $$
begin
    return case_until (id) is not null
        or exists (select from permit p join complaint c on c.complaint_id = p.complaint_id
                   where p.complaint_id = id and p.ended_at is null and p.until > statement_timestamp ()
                     and (p.principal_id = session_reader () or c.flags & 4 = 0 and person_may (session_reader (), p.agency_id, 224)));
end $$;

-- How many open cases there are below him, and how late, oversight complaints among them, of which he sees no more than this.
create function scope_counts () returns table (agency int, oversight boolean, state smallint, cases bigint, late_verify bigint, late_first bigint,
                                               late_resolve bigint, oldest timestamptz)
language sql stable security definer set search_path = public as $$
    select c.holder, c.flags & 4 <> 0, c.state, count (*), count (*) filter (where c.due_verify <= statement_timestamp () and c.state in (1, 2)),
           count (*) filter (where c.due_first <= statement_timestamp () and c.state = 4),
           count (*) filter (where c.due_resolve <= statement_timestamp ()), min (c.received)
    from assignment w join complaint c on c.complaint_id = w.complaint_id
    where w.lead and w.state < 7 and c.state < 7 and w.agency in (select session_watches ())
    group by 1, 2, 3
$$;

-- ---- the tables

-- For a table that holds cases or people: forced, for each of the daemons' roles that may read it at all.
create function guard_rows (guarded regclass) returns void language plpgsql as $$
declare
    role text;
begin
    execute format ('alter table %s enable row level security', guarded);
    execute format ('alter table %s force row level security', guarded);
    foreach role in array array[current_user, 'aduan_store', 'aduan_query'] loop
        execute format ('drop policy if exists %I on %s', role || '_all', guarded);
        execute format ('create policy %I on %s to %I using (true) with check (true)', role || '_all', guarded, role);
    end loop;
end $$;

do $$
declare
    each regclass;
begin
    for each in
        select distinct c.oid::regclass
        from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not a.attisdropped
          and (a.attname in ('complaint_id', 'principal_id') or c.relname = 'dispatch')
    loop
        perform guard_rows (each);
    end loop;
end $$;

create policy seen on complaint for select to aduan_desk
    using ((flags & 4 = 0 and ((select session_everywhere ()) or holder in (select session_scope ())))
           or (flags & 4 <> 0 and holder in (select session_named ())) or case_seen (complaint_id));
create policy seen on assignment for select to aduan_desk
    using (exists (select from complaint c where c.complaint_id = assignment.complaint_id));
create policy seen on returned for select to aduan_desk
    using (exists (select from complaint c where c.complaint_id = returned.complaint_id));
create policy seen on informed for select to aduan_desk
    using (exists (select from complaint c where c.complaint_id = informed.complaint_id));
create policy seen on likeness for select to aduan_desk
    using (exists (select from complaint c where c.complaint_id = likeness.complaint_id) and exists (select from complaint c where c.complaint_id = likeness.other));
create policy seen on merged for select to aduan_desk
    using (exists (select from complaint c where c.complaint_id = merged.complaint_id) and exists (select from complaint c where c.complaint_id = merged.main));
create policy seen on permit for select to aduan_desk
    using (exists (select from complaint c where c.complaint_id = permit.complaint_id));
create policy seen on content for select to aduan_desk using (case_until (complaint_id) is not null);
-- What came after a past holder's time he does not read, but for how it ended.
create policy seen on event for select to aduan_desk
    using (case when kind in (22, 26, 35, 36, 43, 44, 72) then case_until (complaint_id) is not null else at <= case_until (complaint_id) end);

create policy seen on appointment for select to aduan_desk
    using (principal_id = (select session_reader ()) or (select session_everywhere ()) or agency_id in (select session_scope ()));
create policy seen on person for select to aduan_desk
    using (principal_id = (select session_reader ()) or (select session_everywhere ())
           or exists (select from appointment a where a.principal_id = person.principal_id and a.agency_id in (select session_scope ())));
create policy seen on session for select to aduan_desk using (principal_id = (select session_reader ()));
create policy seen on invitation for select to aduan_desk
    using (exists (select from person p where p.principal_id = invitation.principal_id));
create policy seen on principal for select to aduan_desk
    using (role in (1, 2) and ((select session_everywhere ())
                               or coalesce (agency_id, (select a.agency_id from agency a where a.parent is null order by a.agency_id limit 1)) in (select session_administers (608))
                               or exists (select from principal_agency a where a.principal_id = principal.principal_id and a.agency_id in (select session_administers (608)))));
create policy seen on principal_agency for select to aduan_desk
    using ((select session_everywhere ()) or agency_id in (select session_administers (608)));
create policy seen on key_use for select to aduan_desk using (exists (select from principal p where p.principal_id = key_use.principal_id));
create policy seen on change for select to aduan_desk
    using (principal_id = (select session_reader ()) or (agency_id is not null and (select session_everywhere ())) or agency_id in (select session_administers (96)));

grant select on complaint, assignment, returned, informed, likeness, merged, permit, event, appointment, principal_agency, key_use, change to aduan_desk;
grant select (complaint_id, decision, title, body, title_edited, body_edited, location, target, external, incident, latitude, longitude, place, attachments)
    on content to aduan_desk;
grant select (token_hash, principal_id, since, seen_at, ends_at) on session to aduan_desk;
grant select (principal_id, since, ends_at, used_at) on invitation to aduan_desk;
grant select (principal_id, name, role, key, rights, revoked_at, agency_id, old_until) on principal to aduan_desk;
