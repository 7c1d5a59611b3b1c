-- Full text of complaints for the desk, apart from them: to stem the words of a complaint takes six times as long as all else of
-- its life, so the store does it aside, a second behind.
--
-- Among the words of each stand, as "@NUMBER", the agencies in whose scope it is - who holds or held it, and all above them - so
-- that the index finds the reader's own at once.  They only narrow: desk_search judges by the rows as they are.
create table search_entry (
    complaint_id uuid primary key,              -- time-ordered: the newest first is a walk of this key
    words        tsvector not null
);
create index search_entry_words on search_entry using gin (words);
alter table search_entry alter words set statistics 1000;

-- Entries that no longer tell who may find it.
create table search_stale (
    complaint_id uuid primary key
) with (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

create table search_sweep (
    one boolean primary key default true check (one),
    at  uuid not null                           -- whatever is older has been looked at in this round
);
insert into search_sweep (at) values ('00000000-0000-0000-0000-000000000000');

create function search_staled () returns trigger language plpgsql as $$
begin
    insert into search_stale values (new.complaint_id) on conflict do nothing;
    return null;
end $$;
create trigger complaint_moved after update of holder on complaint for each row
    when (new.holder <> old.holder) execute function search_staled ();
create trigger content_edited after update of title_edited, body_edited on content for each row
    execute function search_staled ();
create trigger assignment_added after insert on assignment for each row
    when (not new.lead) execute function search_staled ();

-- Makes the entries of these complaints, anew where they are there.
create function search_make (ids uuid[]) returns int language sql volatile as $$
    with made as (
        insert into search_entry (complaint_id, words)
        select t.complaint_id,
               to_tsvector ('indonesian', coalesce (t.title_edited, t.title) || ' ' || coalesce (t.body_edited, t.body) || ' '
                                          || coalesce (t.location, ''))
               || array_to_tsvector (array (
                      select distinct '@' || u.above
                      from (select c.holder as agency
                            union select w.agency from assignment w where w.complaint_id = c.complaint_id
                            union select i.agency from informed i where i.complaint_id = c.complaint_id) h
                      join agency_above u on u.agency = h.agency))
        from complaint c join content t on t.complaint_id = c.complaint_id
        where c.complaint_id = any (ids)
        order by t.complaint_id
        on conflict (complaint_id) do update set words = excluded.words
        returning 1)
    select count (*)::int from made
$$;

-- One step: entries that are stale, then complaints of the last quarter of an hour without one, then a stretch of the sweep, which
-- finds what was imported with an older time.  How many entries it made; at most three times `most`.
create function search_step (most int) returns int language plpgsql volatile as $$
declare
    found uuid[];
    last uuid;
    made int := 0;
    recent uuid := (lpad (to_hex ((extract (epoch from now () - interval '15 minutes') * 1000)::bigint), 12, '0') || repeat ('0', 20))::uuid;
begin
    with taken as (
        delete from search_stale where complaint_id in (select complaint_id from search_stale limit most) returning complaint_id)
    select array_agg (complaint_id) into found from taken;
    made := made + coalesce (search_make (found), 0);

    select array_agg (complaint_id) into found
    from (select c.complaint_id from complaint c
          where c.complaint_id >= recent and not exists (select from search_entry s where s.complaint_id = c.complaint_id)
          order by c.complaint_id limit most) n;
    made := made + coalesce (search_make (found), 0);

    select (array_agg (complaint_id order by complaint_id desc))[1],
           array_agg (complaint_id order by complaint_id) filter (where fresh)
    into last, found
    from (select c.complaint_id, not exists (select from search_entry s where s.complaint_id = c.complaint_id) as fresh
          from (select complaint_id from complaint where complaint_id > (select at from search_sweep)
                order by complaint_id limit most * 4) c) w;
    -- a stretch with more than one step can make is walked again
    if cardinality (found) > most then
        found := found[1:most];
        last := found[most];
    end if;
    made := made + coalesce (search_make (found), 0);
    update search_sweep set at = coalesce (last, '00000000-0000-0000-0000-000000000000');
    return made;
end $$;

-- The newest complaints that have these words and that the reader may read, older than `before` (null: the newest there are).
-- Planned with the words themselves, since whether the index or a walk from the newest is faster depends on them alone.
create function desk_search (asked text, before uuid, most int) returns table (complaint_id uuid, at int) language plpgsql stable rows 30
security definer set search_path = public as $$
declare
    person int := session_reader ();
    wanted tsquery := websearch_to_tsquery ('indonesian', asked);
    scope tsquery;
begin
    select string_agg (quote_literal ('@' || p.agency_id), ' | ')::tsquery into scope
    from appointment p
    where p.principal_id = person and p.ended_at is null and p.role in (5, 6, 7) and (p.until is null or p.until > statement_timestamp ());
    if scope is null or numnode (wanted) = 0 then
        return;
    end if;
    -- whoever is appointed at the root finds by the words alone
    if exists (select from appointment p join agency a on a.agency_id = p.agency_id
               where p.principal_id = person and p.role = 5 and p.ended_at is null and a.parent is null) then
        scope := ''::tsquery;
    end if;
    return query execute format (
        'select s.complaint_id, row_number () over (order by s.complaint_id desc)::int
         from search_entry s join complaint c on c.complaint_id = s.complaint_id
         where s.words @@ %L::tsquery and s.complaint_id < %L::uuid and case_until (c.complaint_id) is not null
         order by s.complaint_id desc limit %s',
        wanted && scope, coalesce (before, 'ffffffff-ffff-ffff-ffff-ffffffffffff'), most);
end $$;

select guard_rows ('search_entry'), guard_rows ('search_stale');
grant select, insert, update, delete on search_entry, search_stale, search_sweep to aduan_store;
