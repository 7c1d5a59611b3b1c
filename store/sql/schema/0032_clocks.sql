-- When to look at which complaint, what a look has done, and the clocks as events tell of them: docs/deadlines.md.
--
-- Kind of an event, besides:   40 warned, 41 breach, 42 escalate, 43 auto_close, 44 expire, 45 recomputed, 46 annulled, 47 offered,
--                              48 reminded; data.clock says of which clock
-- Template of a notice, besides:  20 late, 21 offered, 22 silence, 23 reminded, 24 timed_out
create table wake (
    at           timestamptz not null,
    complaint_id uuid not null,
    primary key (at, complaint_id)
) with (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
alter table wake alter at set statistics 10, alter complaint_id set statistics 0;

-- Complaints whose due times are to be counted anew.
create table recompute (
    complaint_id uuid primary key,
    annuls       boolean not null default true, -- breaches that are none by the new due time; not where only the class has changed
    again        boolean not null default false -- the second round: timers need not wait for it
) with (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0);

-- How far that has come with a calendar and limits: all complaints are counted again once more a little later.
create table recompute_round (
    one  boolean primary key default true check (one),
    last timestamptz                            -- when they are; null: they have been
);
insert into recompute_round (last) values (null);

-- Look at this complaint at that moment; who says it twice means it once.
create function wake (complaint uuid, at timestamptz) returns void language sql volatile as $$
    insert into wake values (at, complaint) on conflict do nothing
$$;

-- All that are open.  Nobody waits for the second round.
create function recompute_all () returns void language sql volatile as $$
    insert into recompute select distinct complaint_id from wake on conflict (complaint_id) do update set annuls = true, again = false;
    update recompute_round set last = clock_timestamp () + interval '1 minute';
$$;

-- One that lives again: reopened, completed late, no alias any more.
create function complaint_lives () returns trigger language plpgsql as $$
begin
    perform wake (new.complaint_id, clock_timestamp ());
    return null;
end $$;
create trigger complaint_lives after update of state on complaint for each row
    when (old.state >= 7 and new.state < 7) execute function complaint_lives ();

-- Another class has another limit, from the same start.
create function complaint_reclassed () returns trigger language plpgsql as $$
begin
    insert into recompute values (new.complaint_id, false) on conflict (complaint_id) do update set again = false;
    return null;
end $$;
create trigger complaint_reclassed after update of class on complaint for each row
    when (old.class is distinct from new.class and new.state < 7) execute function complaint_reclassed ();

-- Complaints that are open when there are no timers yet.
insert into wake select now (), complaint_id from complaint where state < 7;

-- From when to when its clocks V, F and R stand still: from a question that postponed to its completion, from an end to what
-- gives it back.  Without an upper bound: they still do.
create function clock_pauses (id uuid) returns tstzmultirange language sql stable as $$
    select coalesce (range_agg (tstzrange (b.at, (select min (e.at) from event e
                                                  where e.complaint_id = id and e.number > b.number and e.kind in (33, 37)))), '{}')
    from event b
    where b.complaint_id = id and b.number is not null
      and (b.kind in (22, 26, 35, 36, 43, 44, 72) or (b.kind = 18 and b.data ? 'from'))
$$;

-- Each stretch of time in which a clock ran.  ended null: it runs.  began_by: the agency whose clock it is.
create view clock_segment with (security_invoker = true) as
with history as (
    select c.complaint_id, c.received, c.state, c.class, c.due_verify, c.due_first, c.due_resolve, p.pauses, h.*
    from complaint c
    cross join lateral (select clock_pauses (c.complaint_id) as pauses) p
    cross join lateral (
        select coalesce (min (e.at) filter (where e.number = 1 and e.kind = 28), c.received) as began,
               (array_agg (coalesce ((e.data ->> 'to')::int, e.agency)) filter (where e.number = 1)) [1] as agency,
               coalesce (min (e.at) filter (where e.data -> 'placed' = 'true'), case when c.due_first is not null then c.received end) as placed,
               coalesce ((array_agg (coalesce ((e.data ->> 'to')::int, e.agency) order by e.number) filter (where e.data -> 'placed' = 'true')) [1],
                         (array_agg (coalesce ((e.data ->> 'to')::int, e.agency)) filter (where e.number = 1)) [1]) as placed_by,
               min (e.at) filter (where e.kind in (16, 17) and not coalesce (e.data ? 'support', false)) as followed
        from event e where e.complaint_id = c.complaint_id and e.number is not null) h
)
select h.complaint_id, k.clock, lower (s) as began, upper (s) as ended, k.agency as began_by
from history h
cross join lateral (values ('verify', began, placed, agency), ('first', placed, followed, placed_by), ('resolve', received, null::timestamptz, agency))
    k (clock, from_at, to_at, agency)
cross join lateral unnest (tstzmultirange (tstzrange (k.from_at, k.to_at)) - h.pauses) s
where k.from_at is not null and (k.to_at is null or k.from_at <= k.to_at)
union all
select e.complaint_id, 'silence', e.at,
       (select min (n.at) from event n where n.complaint_id = e.complaint_id and n.number > e.number
                                         and n.kind in (16, 17, 18, 22, 26, 32, 33, 35, 36, 37, 43, 44, 72)), e.agency
from event e
where e.number is not null and not coalesce (e.data ? 'support', false) and (e.kind in (16, 17) or (e.kind = 18 and not coalesce (e.data ? 'from', false)))
union all
select e.complaint_id, 'complete', e.at,
       (select min (n.at) from event n where n.complaint_id = e.complaint_id and n.number > e.number
                                         and n.kind in (22, 26, 33, 35, 36, 43, 44, 72)), e.agency
from event e where e.number is not null and e.kind = 18 and e.data ? 'from';

-- Is it counted in part by weekends only, because the calendar in force does not know the year in which it is due?
create function due_provisional (due timestamptz) returns boolean language sql stable strict as $$
    select not exists (select from calendar_year where calendar_version = calendar_now ()
                                                   and year = extract (year from day_zero (due, due_zone (due), null) - 1))
$$;

-- The inspectorates above an agency, the next one first.
create function agency_overseers (of_agency int) returns int[] language sql stable as $$
    with recursive up (agency, depth) as (
        select overseer, 1 from agency where agency_id = of_agency
        union all
        select a.overseer, up.depth + 1 from up join agency a on a.agency_id = up.agency
        where a.overseer is not null and a.overseer <> up.agency and up.depth < 16)
    select coalesce (array_agg (agency order by depth), '{}') from up where agency is not null
$$;
create function agency_superiors (of_agency int) returns int[] language sql stable as $$
    select coalesce (array_agg (u.above order by u.depth), '{}')
    from agency_above u join agency a on a.agency_id = u.above and a.retired_at is null
    where u.agency = of_agency and u.depth > 0
$$;

-- As in 0023, but that what a timer tells a main complaint's reporter is told to those of its aliases, too.
create or replace function complaint_followed () returns trigger language plpgsql as $$
declare
    base bigint := (select epoch << 40 from installation);
    e event;
    told smallint;
begin
    select * into e from event where complaint_id = new.complaint_id and number = new.events and kind not in (51, 52);
    if not found then
        return null;
    end if;
    told := case e.kind when 16 then 3 when 17 then 4 when 18 then 5 when 22 then 6 when 43 then 24 when 47 then 21
                        when 41 then case when e.data ->> 'clock' = 'resolve' then 20 end
                        when 48 then case when e.data ->> 'clock' = 'silence' then 22 else 23 end
                        else case when new.holder <> old.holder then 2 end end;
    if told is null then
        return null;
    end if;
    with record as (
        update complaint c set version = greatest (c.version, base) + 1, events = c.events + 1
        from merged a where a.main = new.complaint_id and c.complaint_id = a.complaint_id
        returning c.complaint_id, c.events, c.flags
    ), history as (
        insert into event (complaint_id, at, act_key, principal, agency, kind, number, text, data)
        select complaint_id, clock_timestamp (), gen_random_uuid (), e.principal, e.agency, 53, events, case when told <> 2 then e.text end,
               jsonb_strip_nulls (jsonb_build_object ('kind', e.kind, 'other', number_text (new.number), 'clock', e.data -> 'clock', 'due', e.data -> 'due'))
        from record
    )
    insert into notice (complaint_id, recipient, agency, event, template)
    select complaint_id, 0, case told when 2 then new.holder else coalesce (e.agency, new.holder) end, events, told from record where flags & 16 <> 0;
    return null;
end $$;

grant select, insert, update, delete on wake, recompute, recompute_round to aduan_store;
grant select on clock_segment to aduan_store, aduan_query;
grant select on wake, recompute to aduan_query;
