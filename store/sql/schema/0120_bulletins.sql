-- Notices to others than the reporter: officers, and those who have the same problem (docs/channels.md, "To officers and supporters").
--
-- They go through the outbox as all others do: a row of `notice` whose complaint_id is that of a bulletin, and whose recipient says
-- whom it is for: 0 the reporter, 1 an officer, 2 a supporter.  Nothing of a life is written for them: what has happened is
-- found afterwards, by the transactions of its events.

-- Where somebody who works here is written to, if he has said so himself.
create table person_contact (
    principal_id int primary key references person,
    contact      bytea not null,                -- sealed to the notifier by whoever he said it to: nobody here can open it
    contact_key  int not null,
    notices      smallint not null check (notices between 1 and 3), -- 1 none, 2 each day, 3 what is new or late at once, too
    hour_from    smallint not null default 7 check (hour_from between 0 and 23), -- of a working day in his agency's zone
    hour_to      smallint not null default 17 check (hour_to between 1 and 24),
    look_at      timestamptz not null default now (), -- when what waits for him is counted next
    digest_on    date not null default '-infinity',   -- the last of his days whose digest was made, or not needed
    reminded_at  timestamptz not null default '-infinity', -- when he was last reminded, or had a digest
    reminded     smallint not null default 0,   -- how often, on that day
    check (hour_from < hour_to)
);
create index person_contact_look on person_contact (look_at);

create table bulletin (
    bulletin_id  uuid primary key default gen_random_uuid (),
    at           timestamptz not null default clock_timestamp (),
    principal_id int,                           -- the officer; null: a supporter
    complaint_id uuid,                          -- that it is about; null: about all that waits for him
    submission   uuid,                          -- the supporter's
    urgent       boolean not null default false,
    counts       jsonb                          -- of a digest: words of work_waiting and how many
);
create index bulletin_at on bulletin (at);
create index bulletin_person on bulletin (principal_id, at) where principal_id is not null;

-- Up to which transaction events have been looked at.
create table bulletin_seen (tx bigint not null);
insert into bulletin_seen values (txid_current ());

-- Of which published cases supporters are told what, and how far that has come.  A row stays: each is told once.
create table supported_told (
    complaint_id uuid not null,
    template     smallint not null,
    agency       int,
    behind       uuid not null default '00000000-0000-0000-0000-000000000000', -- the last supporter that a notice was made for
    done         boolean not null default false,
    primary key (complaint_id, template)
);
create index supported_told_open on supported_told (complaint_id) where not done;

select guard_rows (t) from unnest (array['person_contact', 'bulletin', 'supported_told']::regclass[]) t;
grant select, insert, update, delete on person_contact, bulletin, bulletin_seen, supported_told to aduan_store;
grant update (contact, contact_key) on supporter to aduan_store;
grant select on bulletin to aduan_query;
grant select (principal_id, login) on person to aduan_query;

-- ---- when ------------------------------------------------------------------------------------------------
-- The first moment from `at` on that lies on a working day between these minutes of the day; zone: hours east of UTC.
create function working_moment (at timestamptz, zone int, first int, last int) returns timestamptz language sql stable as $$
    select greatest (at, (d.day + make_interval (hours => -zone, mins => first)) at time zone 'UTC')
    from working_day d
    where d.calendar_version = calendar_now () and d.day >= ((at at time zone 'UTC') + make_interval (hours => zone))::date
      and (d.day + make_interval (hours => -zone, mins => last)) at time zone 'UTC' > at
    order by d.day limit 1
$$;

-- How much of such time has passed since then; what is longer ago than a month counts as a month.
create function working_time (since timestamptz, upto timestamptz, zone int, first int, last int) returns interval language sql stable as $$
    select coalesce (sum (least (upto, w.ends) - greatest (since, w.begins)), interval '0')
    from (select (d.day + make_interval (hours => -zone, mins => first)) at time zone 'UTC' as begins,
                 (d.day + make_interval (hours => -zone, mins => last)) at time zone 'UTC' as ends
          from working_day d
          where d.calendar_version = calendar_now ()
            and d.day between ((greatest (since, upto - interval '31 days') at time zone 'UTC') + make_interval (hours => zone))::date
                          and ((upto at time zone 'UTC') + make_interval (hours => zone))::date) w
    where w.ends > since and w.begins < upto
$$;

-- ---- what --------------------------------------------------------------------------------------------------
-- What waits at these agencies, as counts; what there is none of is absent.  Counted to 20,000 of each agency, the first due first.
--   new         nobody has looked at it
--   unanswered  the first answer is not given yet
--   today       due at the end of this day, not late; tomorrow: of the next working day
--   late        its due time has passed
--   decision    handed back: this agency says who has it
--   doubt       a public door doubted it (0110_doubt.sql): this agency checks that
create function work_waiting (agencies int[], zone int) returns jsonb language sql stable
set enable_seqscan = off set jit = off as $$
    select jsonb_strip_nulls (jsonb_build_object (
               'new', nullif (count (*) filter (where w.state = 1 or (w.state in (2, 5) and w.lease_until <= now ())), 0),
               'unanswered', nullif (count (*) filter (where w.lead and w.due = c.due_first), 0),
               'today', nullif (count (*) filter (where w.due > now () and w.due = d.today), 0),
               'tomorrow', nullif (count (*) filter (where w.due > now () and w.due = d.tomorrow), 0),
               'late', nullif (count (*) filter (where w.due <= now ()), 0),
               'decision', nullif (count (*) filter (where w.bond = 1), 0),
               'doubt', nullif (count (*) filter (where w.priority = 4 and c.flags & 4096 <> 0 and c.due_first is null), 0)))
    from (select min (e.ends) as today, max (e.ends) as tomorrow -- a due time is the midnight at the end of its day
          from (select (day + 1 + make_interval (hours => -zone)) at time zone 'UTC' as ends from working_day
                where calendar_version = calendar_now () and day >= ((now () at time zone 'UTC') + make_interval (hours => zone))::date
                order by day limit 2) e) d
    cross join unnest (agencies) g (agency)
    cross join lateral (select * from assignment a where a.agency = g.agency and a.open order by a.due limit 20000) w
    join complaint c on c.complaint_id = w.complaint_id
$$;

-- Has new work lain at these agencies for so many working hours, that came since he was last here?  Judged by the 200 that are to
-- be taken first at each.
create function work_unread (agencies int[], here timestamptz, hours int, zone int, first int, last int) returns boolean language sql stable
set enable_seqscan = off set jit = off as $$
    select exists (
        select from unnest (agencies) g (agency)
        cross join lateral (select a.complaint_id from assignment a
                            where a.agency = g.agency and a.queued and a.state = 1 order by a.priority, a.due, a.complaint_id limit 200) w
        cross join lateral (select max (e.at) as at from event e where e.complaint_id = w.complaint_id and e.kind in (1, 2, 19, 20, 21, 37)) e
        where e.at > here and working_time (e.at, now (), zone, first, last) >= make_interval (hours => hours))
$$;

-- ---- who ---------------------------------------------------------------------------------------------------
create function bulletin_add (person int, complaint uuid, submission uuid, template int, agency int, urgent boolean, counts jsonb, not_before timestamptz)
returns void language sql volatile as $$
    with made as (
        insert into bulletin (principal_id, complaint_id, submission, urgent, counts)
        values (person, complaint, bulletin_add.submission, bulletin_add.urgent, bulletin_add.counts)
        returning bulletin_id, bulletin.principal_id
    )
    insert into notice (complaint_id, not_before, recipient, agency, event, template)
    select bulletin_id, bulletin_add.not_before, case when principal_id is null then 2 else 1 end, bulletin_add.agency, 1, bulletin_add.template
    from made
$$;

-- Who is not written to any more: what was to be written goes, too.  What a notifier has in hand goes to nobody: claim_notices.sql
-- finds no address again.
create function contact_dropped () returns trigger language plpgsql security definer set search_path = public as $$
begin
    delete from notice n using bulletin b where b.principal_id = old.principal_id and n.complaint_id = b.bulletin_id;
    delete from notice_aside n using bulletin b where b.principal_id = old.principal_id and n.complaint_id = b.bulletin_id;
    delete from notice_ended n using bulletin b where b.principal_id = old.principal_id and n.complaint_id = b.bulletin_id;
    return null;
end $$;
create trigger contact_dropped after delete on person_contact for each row execute function contact_dropped ();

-- ---- looking at people -------------------------------------------------------------------------------------
-- Looks at people whose moment has come, at most so many: a digest once a day from the minute `morning` of a working day on, else a
-- reminder of work that nobody has looked at for `hours` working hours, at most twice a day and not within three hours of what was
-- written before.  Returns how many notices were made and whether others wait.  Whoever has no appointment in force any more is
-- written to no more.
create function bulletin_people (most int, morning int, hours int, out made int, out looked int) language plpgsql volatile as $$
declare
    each   record;
    local  timestamp;
    works  boolean;
    first  int;
    last   int;
    start  timestamptz;
    counts jsonb;
    tells  int;                                 -- template
begin
    made := 0;
    looked := 0;
    for each in
        select p.*, h.agency, h.zone, h.agencies, h.appointed,
               greatest (q.seen_at, (select max (s.seen_at) from session s where s.principal_id = p.principal_id), '-infinity') as here
        from person_contact p
        join person q on q.principal_id = p.principal_id
        cross join lateral (
            select count (*) as appointed, array_agg (distinct a.agency_id) filter (where o.role in (5, 6, 7)) as agencies,
                   (array_agg (a.agency_id order by o.role, a.code) filter (where o.role in (5, 6, 7)))[1] as agency,
                   coalesce ((array_agg (a.zone order by o.role, a.code))[1], 7)::int as zone
            from appointment o join agency a on a.agency_id = o.agency_id
            where o.principal_id = p.principal_id and o.ended_at is null and (o.until is null or o.until > now ())) h
        where p.look_at <= now ()
        order by p.look_at limit most
        for update of p skip locked
    loop
        looked := looked + 1;
        if each.appointed = 0 then
            delete from person_contact p where p.principal_id = each.principal_id;
            continue;
        end if;
        local := (now () at time zone 'UTC') + make_interval (hours => each.zone);
        first := least (each.hour_from * 60, morning);
        last := greatest (each.hour_to * 60, morning + 60);
        start := coalesce (working_moment (now (), each.zone, morning, last), now () + interval '1 day');
        works := start = now ();
        counts := null;
        tells := null;
        if works and each.notices > 1 and each.agencies is not null then
            if each.digest_on < local::date then
                counts := nullif (work_waiting (each.agencies, each.zone), '{}');
                tells := 26;
            elsif each.reminded_at <= now () - interval '3 hours'
                  and (each.reminded < 2 or each.reminded_at < now () - (local - local::date))
                  and work_unread (each.agencies, each.here, hours, each.zone, each.hour_from * 60, each.hour_to * 60) then
                counts := nullif (work_waiting (each.agencies, each.zone), '{}');
                tells := 27;
            end if;
        end if;
        if counts is not null then
            made := made + 1;
            perform bulletin_add (each.principal_id, null, null, tells, each.agency, false, counts,
                                  working_moment (now (), each.zone, each.hour_from * 60, each.hour_to * 60));
        end if;
        update person_contact p
        set look_at = case when works then working_moment (now () + interval '1 hour', each.zone, morning, last) else start end,
            digest_on = case when works then local::date else p.digest_on end,
            reminded_at = case when counts is not null then now () else p.reminded_at end,
            reminded = case when counts is null then p.reminded when tells = 26 then 0
                            when p.reminded_at < now () - (local - local::date) then 1 else p.reminded + 1 end
        where p.principal_id = each.principal_id;
    end loop;
end $$;

-- ---- looking at events -------------------------------------------------------------------------------------
-- The staff of an agency that wants to know at once, each with when he may be told.  `roles`: bits 1 << role; of what is urgent the
-- hour does not matter; `named`: those alone who read oversight content.
create function agency_alerted (agency int, roles int, named boolean) returns table (person int, tells_at timestamptz, today bigint)
language sql stable as $$
    select p.principal_id, working_moment (now (), a.zone, p.hour_from * 60, p.hour_to * 60),
           (select count (*) from bulletin b where b.principal_id = p.principal_id and b.at > now () - interval '1 day')
    from appointment o
    join agency a on a.agency_id = o.agency_id
    join person_contact p on p.principal_id = o.principal_id and p.notices = 3
    where o.agency_id = agency_alerted.agency and o.ended_at is null and (o.until is null or o.until > now ())
      and roles & (1 << o.role) <> 0 and (o.named or not agency_alerted.named)
$$;

-- Looks at the events of the next transactions that are over, at most so many transactions: who is told at once of a new case that is
-- an emergency or high, or of a clock that ran out; which published cases were answered or closed.  Of one person no more than 20 a
-- day but for emergencies: his digest counts the rest.
create function bulletin_events (most int, out made int, out more boolean) language plpgsql volatile
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_custom_plan as $$
declare
    low  bigint;
    high bigint;
    over bigint;
    each record;
begin
    select tx into low from bulletin_seen for update;
    over := pg_snapshot_xmin (pg_current_snapshot ())::text::bigint;
    if low > pg_snapshot_xmax (pg_current_snapshot ())::text::bigint then
        low := over;                            -- a dump that was restored in another cluster
    end if;
    high := least (over, low + most);
    made := 0;
    for each in
        select distinct on (t.person, f.complaint_id, f.template) f.*, t.person, t.tells_at
        from (select e.complaint_id, c.priority = 1 as urgent, h.agency, h.template, h.shown,
                     case h.template when 28 then 224 else h.roles end as roles, c.flags & 4 <> 0 as named
              from event e
              join complaint c on c.complaint_id = e.complaint_id and c.state < 7
              cross join lateral (
                  select w.agency, 28 as template, w.agency as shown, 0 as roles from assignment w
                  where e.kind in (1, 2, 19, 20, 21) and c.priority <= 2 and w.complaint_id = e.complaint_id and w.state < 7
                    and w.agency = coalesce ((e.data ->> 'to')::int, e.agency)
                  union all
                  select c.holder, 29, c.holder, 224 where e.kind = 41
                  union all
                  select e.agency, 29, c.holder, 96 where e.kind = 42) h
              where e.tx >= low and e.tx < high and e.kind in (1, 2, 19, 20, 21, 41, 42)) f
        cross join lateral agency_alerted (f.agency, f.roles, f.named) t
        where f.urgent or t.today < 20
        order by t.person, f.complaint_id, f.template
    loop
        if each.urgent or (select count (*) < 20 from bulletin b where b.principal_id = each.person and b.at > now () - interval '1 day') then
            made := made + 1;
            perform bulletin_add (each.person, each.complaint_id, null, each.template, each.shown, each.urgent, null,
                                  case when not each.urgent then each.tells_at end);
        end if;
    end loop;
    insert into supported_told (complaint_id, template, agency)
    select distinct on (e.complaint_id, t.template) e.complaint_id, t.template, c.holder
    from event e
    join supported s on s.complaint_id = e.complaint_id
    join complaint c on c.complaint_id = e.complaint_id
    cross join lateral (select case when e.kind in (17, 70) then 30 else 31 end as template) t
    where e.tx >= low and e.tx < high and e.kind in (17, 70, 22, 36, 43) and not coalesce (e.data ? 'support' or e.data ? 'private', false)
      and public_now (c)
    on conflict do nothing;
    update bulletin_seen set tx = greatest (low, high);
    more := high < over;
end $$;

-- Tells the next supporters of a case that was answered or closed, at most so many.
create function bulletin_supporters (most int, out made int, out more boolean) language plpgsql volatile
set enable_seqscan = off set jit = off as $$
declare
    told supported_told;
    each record;
    last uuid;
    seen int := 0;
begin
    made := 0;
    select * into told from supported_told where not done order by complaint_id limit 1 for update skip locked;
    more := found;
    if not found then
        return;
    end if;
    for each in
        select s.submission, s.contact is not null as reachable from supporter s
        where s.complaint_id = told.complaint_id and s.submission > told.behind
        order by s.submission limit most
    loop
        seen := seen + 1;
        last := each.submission;
        if each.reachable then
            made := made + 1;
            perform bulletin_add (null, told.complaint_id, each.submission, told.template, told.agency, false, null, null);
        end if;
    end loop;
    update supported_told t set behind = coalesce (last, t.behind), done = seen < most
    where t.complaint_id = told.complaint_id and t.template = told.template;
end $$;

-- ---- what is over ------------------------------------------------------------------------------------------
-- Takes out bulletins from before then, at most so many, with what the log and the parked ones have of them.
create function bulletin_purge (most int, before timestamptz) returns int language sql volatile as $$
    with old as materialized (
        select b.bulletin_id from bulletin b where b.at < before order by b.at limit most
    ), unlogged as (
        delete from delivery d using old where d.complaint_id = old.bulletin_id
    ), unparked as (
        delete from notice_ended n using old where n.complaint_id = old.bulletin_id
    ), unsaid as (
        delete from notice n using old where n.complaint_id = old.bulletin_id
    ), unset as (
        delete from notice_aside n using old where n.complaint_id = old.bulletin_id
    ), gone as (
        delete from bulletin b using old where b.bulletin_id = old.bulletin_id returning 1
    )
    select count (*)::int from gone
$$;

revoke execute on function bulletin_add, bulletin_people, bulletin_events, bulletin_supporters, bulletin_purge from public;
grant execute on function bulletin_add, bulletin_people, bulletin_events, bulletin_supporters, bulletin_purge to aduan_store;
