-- Complaints that are alike, and complaints that were merged into others: docs/duplicates.md.
--
-- State of a complaint, besides:  10 merged
-- Kind of an event, besides:      30 + enum act from 20 on (50 link, 51 merge, 52 unmerge); 53 followed: what was said to the
--                                 main complaint's reporter was said to this one's, too
-- Template of a notice, besides:  8 merged, 9 joined, 10 parted
-- complaint.flags, besides:       32 others were merged into it
create table print (
    complaint_id uuid primary key,              -- open, neither secret nor oversight
    function_id  smallint not null,             -- its holder's, when it was made
    latitude     int,
    longitude    int,
    regency      text not null,
    region       text not null,
    words        bytea not null                 -- router/decide/duplicate.h
);
create index print_near on print (function_id, regency, complaint_id);
alter table print alter words set storage plain, alter words set statistics 0; -- hashes: compressing them is in vain

create table likeness (
    complaint_id uuid not null,                 -- the newer one
    other        uuid not null,
    at           timestamptz not null,
    score        smallint not null,             -- permille
    reason       jsonb not null,                -- codes and parameters: text, village or metres ..., days
    primary key (complaint_id, other)
);
create index likeness_other on likeness (other);
alter table likeness alter reason set statistics 0;

create table likeness_sweep (
    one boolean primary key default true check (one),
    at  uuid not null                           -- whatever is older has been looked at in this round
);
insert into likeness_sweep (at) values ('00000000-0000-0000-0000-000000000000');

create table merged (
    complaint_id uuid primary key,
    main         uuid not null,                 -- goes on for it; never an alias itself
    named        uuid not null,                 -- the main complaint of its own merge: it comes back with that one
    at           timestamptz not null,
    was          smallint not null,             -- the complaint's state
    agencies     int[] not null                 -- whose assignments ended with the merge
);
create index merged_main on merged (main);

-- The main complaint as it is now, whatever the statement saw when it began: for who holds that one's row.
create function alias_main (id uuid) returns uuid language sql volatile as $$
    select main from merged where complaint_id = id
$$;

-- Merges a complaint into another one, which is no alias; both were judged at these versions.  Its assignment's new version.
create function complaint_merge (id uuid, has bigint, into_id uuid, into_has bigint, base bigint, actor int, key uuid, office int, note text)
returns bigint language plpgsql as $$
declare
    c complaint;
    m complaint;
    moved uuid[];
    grown bigint;
begin
    select * into m from complaint where complaint_id = into_id for update;
    select * into c from complaint where complaint_id = id for update;
    if m.version <> into_has or c.version <> has then
        perform raced ();
    end if;
    moved := array (select complaint_id from merged where main = id order by complaint_id);
    update merged set main = into_id where main = id;
    insert into merged values (id, into_id, into_id, clock_timestamp (), c.state,
                              array (select agency from assignment where complaint_id = id and state < 7));
    update assignment set state = 7, queued = false, version = greatest (version, base) + 1, leased_by = null, lease_until = null
    where complaint_id = id and state < 7;
    select version into grown from assignment where complaint_id = id and agency = office;
    update complaint set state = 10, version = greatest (version, base) + 1, events = events + 1, flags = flags & ~32
    where complaint_id = id;
    update complaint set version = greatest (version, base) + 1, events = events + 1, flags = flags | 32 where complaint_id = into_id;
    insert into event (complaint_id, at, act_key, version, principal, agency, kind, number, text, data) values
        (id, clock_timestamp (), key, grown, actor, office, 51, c.events + 1, note, jsonb_build_object ('other', number_text (m.number))),
        (into_id, clock_timestamp (), key, null, actor, office, 51, m.events + 1, note,
         jsonb_build_object ('other', number_text (c.number), 'joined', true));
    insert into notice (complaint_id, recipient, agency, event, template)
        select id, 0, m.holder, c.events + 1, 8 where c.flags & 16 <> 0
        union all
        select into_id, 0, m.holder, m.events + 1, 9 where m.flags & 16 <> 0 and m.flags & 32 = 0;
    perform alias_moved (moved, into_id, base, actor, key, office);
    return grown;
end $$;

-- Aliases go on under another main complaint than before: each has a note of it, its reporter is told.
create function alias_moved (moved uuid[], into_id uuid, base bigint, actor int, key uuid, office int) returns void language sql as $$
    with m as (
        select number_text (number) as number, holder from complaint where complaint_id = into_id
    ), record as (
        update complaint set version = greatest (version, base) + 1, events = events + 1
        where complaint_id = any (moved)
        returning complaint_id, events, flags
    ), history as (
        insert into event (complaint_id, at, act_key, principal, agency, kind, number, data)
        select r.complaint_id, clock_timestamp (), key, actor, office, 51, r.events, jsonb_build_object ('other', m.number)
        from record r, m
    )
    insert into notice (complaint_id, recipient, agency, event, template)
    select r.complaint_id, 0, m.holder, r.events, 8 from record r, m where r.flags & 16 <> 0
$$;

-- Makes an alias a complaint of its own again, with those that came with it.  Its assignment's new version.
create function complaint_part (id uuid, base bigint, actor int, key uuid, office int, note text)
returns bigint language plpgsql as $$
declare
    x merged;
    c complaint;
    m complaint;
    own uuid[];
    others boolean;
    grown bigint;
begin
    select * into x from merged where complaint_id = id;
    if not found then
        perform raced ();
    end if;
    select * into m from complaint where complaint_id = x.main for update;
    select * into c from complaint where complaint_id = id for update;
    own := array (with recursive joined as (
                      select a.complaint_id from merged a where a.named = id
                      union
                      select a.complaint_id from merged a join joined j on a.named = j.complaint_id)
                  select complaint_id from joined order by complaint_id);
    delete from merged where complaint_id = id;
    update merged set main = id where complaint_id = any (own);
    others := exists (select from merged where main = x.main);
    update assignment set state = case when lead and x.was = 3 then 4 else 1 end, queued = not (lead and x.was = 3),
           version = greatest (version, base) + 1, leased_by = null, lease_until = null
    where complaint_id = id and agency = any (x.agencies);
    select version into grown from assignment where complaint_id = id and agency = office;
    update complaint set state = x.was, version = greatest (version, base) + 1, events = events + 1,
           flags = case when cardinality (own) > 0 then flags | 32 else flags end
    where complaint_id = id;
    update complaint set version = greatest (version, base) + 1, events = events + 1,
           flags = case when others then flags else flags & ~32 end
    where complaint_id = x.main;
    insert into event (complaint_id, at, act_key, version, principal, agency, kind, number, text, data) values
        (id, clock_timestamp (), key, grown, actor, office, 52, c.events + 1, note, jsonb_build_object ('other', number_text (m.number))),
        (x.main, clock_timestamp (), key, null, actor, office, 52, m.events + 1, note, jsonb_build_object ('other', number_text (c.number)));
    insert into notice (complaint_id, recipient, agency, event, template)
        select id, 0, c.holder, c.events + 1, 10 where c.flags & 16 <> 0
        union all
        select x.main, 0, m.holder, m.events + 1, 10 where m.flags & 16 <> 0 and not others;
    perform alias_moved (own, id, base, actor, key, office);
    return grown;
end $$;

-- The same by the system, of every alias of a complaint.
create function complaint_release (main_id uuid) returns void language plpgsql as $$
declare
    released uuid;
    base bigint := (select epoch << 40 from installation); -- store/epoch.c
begin
    for released in select complaint_id from merged where main = main_id order by complaint_id loop
        if exists (select from merged where complaint_id = released and main = main_id) then
            perform complaint_part (released, base, 0, gen_random_uuid (), (select holder from complaint where complaint_id = released), null);
        end if;
    end loop;
end $$;

-- What an agency says to a complaint's reporter it says to those of its aliases; so is told who has it now.  The event stands
-- in the same statement as the change of its complaint.
create function complaint_followed () returns trigger language plpgsql as $$
declare
    base bigint := (select epoch << 40 from installation);
    e event;
    told smallint;
begin
    select * into e from event where complaint_id = new.complaint_id and number = new.events and kind not in (51, 52);
    if not found then
        return null;
    end if;
    told := case e.kind when 16 then 3 when 17 then 4 when 18 then 5 when 22 then 6
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
        select complaint_id, clock_timestamp (), e.act_key, e.principal, e.agency, 53, events, case when told <> 2 then e.text end,
               jsonb_build_object ('kind', e.kind, 'other', number_text (new.number))
        from record
    )
    insert into notice (complaint_id, recipient, agency, event, template)
    select complaint_id, 0, case told when 2 then new.holder else e.agency end, events, told from record where flags & 16 <> 0;
    return null;
end $$;
create trigger complaint_followed after update of events on complaint for each row
    when (new.flags & 32 <> 0 and new.events > old.events) execute function complaint_followed ();

-- Archived or blocked, withdrawn with it: the matter of the others is not over.
create function complaint_ended () returns trigger language plpgsql as $$
begin
    perform complaint_release (new.complaint_id);
    return null;
end $$;
create trigger complaint_ended after update of state on complaint for each row
    when (new.flags & 32 <> 0 and new.state in (8, 9) and old.state not in (8, 9)) execute function complaint_ended ();

-- Nothing is alike or merged to or from what is secret or oversight.
create function complaint_shut () returns trigger language plpgsql as $$
begin
    delete from print where complaint_id = new.complaint_id;
    delete from likeness where complaint_id = new.complaint_id;
    delete from likeness where other = new.complaint_id;
    perform complaint_release (new.complaint_id);
    if new.state = 10 then
        perform complaint_part (new.complaint_id, (select epoch << 40 from installation), 0, gen_random_uuid (), new.holder, null);
    end if;
    return null;
end $$;
create trigger complaint_shut after update of flags on complaint for each row
    when (new.flags & 6 <> 0 and old.flags & 6 = 0) execute function complaint_shut ();

grant select, insert, update, delete on print, likeness, likeness_sweep, merged to aduan_store;
grant select on likeness, merged to aduan_query;
