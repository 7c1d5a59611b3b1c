-- What is deleted when the time of keeping a case is over, and what stays: docs/retention.md.
--
-- Kind of a digest, besides: 17 erased_event.

-- Files that something names, for whoever keeps them: a row for each file of a complaint, of a word or an act on it.
create table named_file (
    digest       bytea not null,
    complaint_id uuid not null,
    primary key (digest, complaint_id)
);

-- Of a run of digests, 32 bytes each.
create function file_digests (files bytea) returns setof bytea language sql immutable as $$
    select distinct substr (files, 32 * n + 1, 32) from generate_series (0, length (files) / 32 - 1) n
$$;
-- The same, as an event has it.
create function event_files (data jsonb) returns bytea language sql immutable as $$
    select decode (coalesce (data ->> 'attachments', ''), 'hex')
$$;

create function content_names () returns trigger language plpgsql security definer set search_path = public as $$
begin
    insert into named_file select file_digests (new.attachments), new.complaint_id on conflict do nothing;
    return null;
end $$;
create function event_names () returns trigger language plpgsql security definer set search_path = public as $$
begin
    insert into named_file select file_digests (event_files (new.data)), new.complaint_id on conflict do nothing;
    return null;
end $$;
create trigger content_named after insert on content for each row
    when (new.attachments is not null) execute function content_names ();
create trigger event_named after insert on event for each row
    when (new.data ? 'attachments') execute function event_names ();

insert into named_file select file_digests (attachments), complaint_id from content where attachments is not null on conflict do nothing;
insert into named_file select file_digests (event_files (data)), complaint_id from event where data ? 'attachments' on conflict do nothing;

-- Which of these does nothing name any more?  Neither a case nor what waits to become one.
create function files_unnamed (digests bytea[]) returns setof bytea language sql stable security definer set search_path = public as $$
    select d from unnest (digests) d
    where not exists (select from named_file f where f.digest = d)
      and not exists (select from waiting w where position (d in w.content) > 0)
      and not exists (select from quarantine q where position (d in q.content) > 0)
$$;

-- ---- what was erased ---------------------------------------------------------------------------------

create table erased (
    complaint_id uuid primary key,
    at           timestamptz not null default clock_timestamp (),
    ended        timestamptz not null            -- its last event
);

-- An event whose words are gone: what its digest is of, so that it still follows, and what stays of it.
create table erased_event (
    complaint_id uuid not null,
    principal    int not null,
    act_key      uuid not null,
    was          bytea not null,                 -- SHA-256 of the row as it was written, and
    stays        bytea not null,                 -- as it is now: docs/audit.md
    tx           bigint not null default txid_current (),
    primary key (complaint_id, principal, act_key)
);
create trigger erased_event_audited after insert on erased_event referencing new table as added
    for each statement execute function audit_rows ('17', 'complaint_id, principal, act_key, was, stays, tx');
create trigger erased_event_kept before update or delete or truncate on erased_event execute function append_only ();

create function event_hash (e event) returns bytea language sql stable as $$
    select sha256 (record_send (row (e.complaint_id, e.at, e.act_key, e.version, e.principal, e.agency, e.kind, e.number, e.text, e.data, e.tx)))
$$;

-- What stays of an event's data: numbers, yes and no, times, and which other case it was about; no words, no files.
create function event_bones (data jsonb) returns jsonb language sql immutable as $$
    select jsonb_object_agg (key, value) from jsonb_each (data)
    where jsonb_typeof (value) in ('number', 'boolean') or key in ('clock', 'due', 'new', 'why', 'of', 'id', 'other')
$$;

-- An event may lose its words where that is on record, and nothing else; it is never removed.
create function event_words_kept () returns trigger language plpgsql as $$
begin
    if new.text is null and new.data is not distinct from event_bones (old.data)
       and row (new.complaint_id, new.at, new.act_key, new.version, new.principal, new.agency, new.kind, new.number, new.tx)
           is not distinct from row (old.complaint_id, old.at, old.act_key, old.version, old.principal, old.agency, old.kind, old.number, old.tx)
       and exists (select from erased_event x
                   where x.complaint_id = old.complaint_id and x.principal = old.principal and x.act_key = old.act_key
                     and x.was = event_hash (old) and x.stays = event_hash (new)) then
        return new;
    end if;
    raise exception 'event is append-only' using errcode = '42501';
end $$;
drop trigger event_kept on event;
create trigger event_kept before delete or truncate on event execute function append_only ();
create trigger event_words_kept before update on event for each row execute function event_words_kept ();

-- ---- erasing -------------------------------------------------------------------------------------------

-- When it ended; null: it goes on.  What was merged into another goes on with that.
create function complaint_ended (id uuid) returns timestamptz language sql stable as $$
    select greatest ((select max (e.at) from event e where e.complaint_id = c.complaint_id),
                     (select max (e.at) from event e where e.complaint_id = m.complaint_id))
    from complaint c
    left join merged x on x.complaint_id = c.complaint_id
    left join complaint m on m.complaint_id = x.main
    where c.complaint_id = id and coalesce (m.state, c.state) in (7, 8, 9)
$$;

-- Number, state, times, agencies stay, and what happened when; words, identity, contact, files, place and likeness go.
create function complaint_erase (id uuid, ended timestamptz) returns void language plpgsql security definer set search_path = public as $$
begin
    insert into erased (complaint_id, ended) values (id, ended);
    delete from named_file f using (
        select file_digests (t.attachments) as digest from content t where t.complaint_id = id
        union select file_digests (event_files (e.data)) from event e where e.complaint_id = id and e.data ? 'attachments'
    ) named where f.digest = named.digest and f.complaint_id = id;
    insert into erased_event (complaint_id, principal, act_key, was, stays)
    select e.complaint_id, e.principal, e.act_key, event_hash (e),
           event_hash (row (e.complaint_id, e.at, e.act_key, e.version, e.principal, e.agency, e.kind, e.number, null, event_bones (e.data), e.tx)::event)
    from event e
    where e.complaint_id = id and (e.text is not null or e.data is distinct from event_bones (e.data));
    update event e set text = null, data = event_bones (e.data)
    where e.complaint_id = id and (e.text is not null or e.data is distinct from event_bones (e.data));
    update content set title = '', body = '', title_edited = null, body_edited = null, raw_title = null, raw_body = null,
        decision = null, location = null, target = null, external = null, incident = null, latitude = null, longitude = null,
        place = null, region_edited = null, code_hash = null, seal = null, seal_key = null, contact = null, contact_key = null,
        attachments = null
    where complaint_id = id;
    update complaint set flags = flags & ~16 where complaint_id = id and flags & 16 <> 0;
    delete from print where complaint_id = id;
    delete from likeness where complaint_id = id or other = id;
    delete from supporter where complaint_id = id; -- of 0085_published.sql: their contacts
    insert into search_stale values (id) on conflict do nothing;
end $$;

-- Where the round through the complaints stands, and when the next one begins.
create table retention_sweep (
    one   boolean primary key default true check (one),
    at    uuid not null,
    again timestamptz not null
);
insert into retention_sweep (at, again) values ('00000000-0000-0000-0000-000000000000', '-infinity');

create function id_before (moment timestamptz) returns uuid language sql immutable as $$
    select (lpad (to_hex (greatest ((extract (epoch from moment) * 1000)::bigint, 0)), 12, '0') || repeat ('0', 20))::uuid
$$;

-- A stretch of the round: `most` complaints that were made before `keep` ago, of which those go that ended before, too.  How many it
-- looked at, and how many it erased; of another step at the same moment none.  Refused words go by their own age.
create function retention_step (keep interval, most int, out looked int, out gone int) language plpgsql volatile security definer set search_path = public as $$
declare
    place uuid;
    last uuid;
    each record;
    past timestamptz := now () - keep;
begin
    looked := 0;
    gone := 0;
    select s.at into place from retention_sweep s where s.again <= now () for update skip locked;
    if place is null then
        return;
    end if;
    for each in
        select c.complaint_id, erased.complaint_id is null as whole
        from complaint c left join erased using (complaint_id)
        where c.complaint_id > place and c.complaint_id < id_before (past)
        order by c.complaint_id limit most
    loop
        looked := looked + 1;
        last := each.complaint_id;
        if each.whole and complaint_ended (each.complaint_id) < past then
            perform complaint_erase (each.complaint_id, complaint_ended (each.complaint_id));
            gone := gone + 1;
        end if;
    end loop;
    delete from refused where complaint_id in (
        select r.complaint_id from refused r where r.complaint_id < id_before (past) order by r.complaint_id limit most);
    if looked < most then
        update retention_sweep set at = '00000000-0000-0000-0000-000000000000', again = now () + interval '1 day';
    else
        update retention_sweep set at = last;
    end if;
end $$;

-- What a round would erase now.
create function retention_due (keep interval) returns table (complaint_id uuid, ended timestamptz, files bigint)
language sql stable security definer set search_path = public as $$
    select c.complaint_id, complaint_ended (c.complaint_id),
           coalesce (length (t.attachments) / 32, 0)
           + (select coalesce (sum (length (event_files (e.data)) / 32), 0) from event e where e.complaint_id = c.complaint_id and e.data ? 'attachments')
    from complaint c join content t using (complaint_id)
    where c.complaint_id < id_before (now () - keep)
      and not exists (select from erased x where x.complaint_id = c.complaint_id)
      and complaint_ended (c.complaint_id) < now () - keep
$$;

select guard_rows (t) from unnest (array['named_file', 'erased', 'erased_event']::regclass[]) t;
create policy aduan_audit_all on erased_event for select to aduan_audit using (true);
grant select on erased_event to aduan_audit;
grant select on erased to aduan_store, aduan_query;
revoke execute on function files_unnamed, complaint_erase, retention_step, retention_due from public;
grant execute on function retention_step to aduan_store;
grant execute on function files_unnamed, retention_due to aduan_query;
