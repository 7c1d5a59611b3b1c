-- The event feed of those who submit for others: docs/channels.md, "The feed".
--
-- An event's place is the highest transaction among it and those before it in its complaint.  All that may still be written has a
-- higher one than whatever is over, so that a reader who goes by places misses nothing and reads each complaint in its order.  Events
-- are only added, and so lie on disk in the order of their transactions: a summary of blocks finds them, which costs no write of a life.
create index event_tx on event using brin (tx) with (pages_per_range = 32, autosummarize = on);

-- What an integrator called his own case.  Who names none pays nothing.
create index content_external on content (external) where external is not null;

-- With which transaction each epoch began: a reader of before learns that the database was restored, and goes on from there.
create table epoch_begun (
    epoch bigint primary key,
    tx    bigint not null default txid_current (),
    at    timestamptz not null default clock_timestamp ()
);
grant select on epoch_begun to aduan_store, aduan_query;
create function epoch_note () returns trigger language plpgsql security definer set search_path = public as $$
begin
    insert into epoch_begun (epoch) values (new.epoch) on conflict do nothing;
    return null;
end $$;
create trigger installation_epoch after update of epoch on installation for each row when (old.epoch is distinct from new.epoch)
    execute function epoch_note ();

-- ---- where a reader stands -------------------------------------------------------------------------------
-- Behind this event of this complaint, of those of this place; of all that are to come, where number is the highest.
create type feed_position as (epoch bigint, place bigint, complaint_id uuid, number int);

create function feed_behind (place bigint) returns feed_position language sql stable as $$
    select row (i.epoch, feed_behind.place, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid, 2147483647)::feed_position from installation i
$$;
create function feed_cursor (here feed_position) returns text language sql immutable as $$
    select translate (encode (int8send (here.epoch) || int8send (here.place) || uuid_send (here.complaint_id) || int4send (here.number), 'base64'), '+/', '-_')
$$;

-- All that was committed since then has a higher place; 0: as far back as there is.  Links are dense and in the order of time.
create function feed_since (since timestamptz) returns bigint language plpgsql stable as $$
declare
    low  bigint := coalesce ((select min (link_id) from audit_link), 1);
    high bigint := coalesce ((select max (link_id) from audit_link), 0) + 1;
    middle bigint;
begin
    while low < high loop -- the first link that is later
        middle := (low + high) / 2;
        if (select at > since from audit_link where link_id = middle) then
            high := middle;
        else
            low := middle + 1;
        end if;
    end loop;
    return coalesce ((select upper - 1 from audit_link where link_id = low - 1), 0);
end $$;

-- The position that a reader names: '' the beginning, `now`, a moment with its zone, or a cursor.  Null: none of these, or not of here.
create function feed_start (cursor text) returns feed_position language plpgsql stable as $$
declare
    epoch bigint := (select i.epoch from installation i);
    bytes bytea;
    here  feed_position;
begin
    if cursor = '' then
        return feed_behind (0);
    elsif cursor = 'now' then
        return feed_behind (pg_snapshot_xmin (pg_current_snapshot ())::text::bigint - 1);
    elsif cursor ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)$' then
        return feed_behind (feed_since (cursor::timestamptz));
    elsif cursor !~ '^[A-Za-z0-9_-]{48}$' then
        return null;
    end if;
    bytes := decode (translate (cursor, '-_', '+/'), 'base64');
    here := row (('x' || encode (substr (bytes, 1, 8), 'hex'))::bit (64)::bigint, ('x' || encode (substr (bytes, 9, 8), 'hex'))::bit (64)::bigint,
                 encode (substr (bytes, 17, 16), 'hex')::uuid, ('x' || encode (substr (bytes, 33, 4), 'hex'))::bit (32)::int)::feed_position;
    if here.epoch > epoch or here.place < 0 then
        return null;
    end if;
    return here;
exception when datetime_field_overflow or invalid_datetime_format then
    return null;
end $$;

-- Where to go on in this epoch: of a position of an earlier one, at the latest where the next one began.
create function feed_resume (here feed_position) returns feed_position language sql stable as $$
    select case when here.epoch = i.epoch then here
                when b.tx <= here.place then feed_behind (b.tx - 1)
                else row (i.epoch, here.place, here.complaint_id, here.number)::feed_position end
    from installation i
    left join lateral (select min (b.tx) as tx from epoch_begun b where b.epoch > here.epoch) b on true
$$;

-- ---- what is told ----------------------------------------------------------------------------------------
-- A complaint's state behind an event, from that before it: [1] the state, [1 + n] what it was before it became n.  `waited`: nobody
-- had it at first.  Of the newest event the complaint itself says it.
create function state_fold (so_far smallint[], kind smallint, data jsonb, waited boolean) returns smallint[] language plpgsql stable as $$
declare
    was   smallint := so_far[1];
    after smallint;
begin
    if was is null then
        so_far := array_fill (0::smallint, array[11]);
        was := 1;
    end if;
    if kind = 1 then
        after := case when waited then 1 else 4 end;
    elsif kind = 28 and data ? 'of' then
        after := case when data ? 'placed' then 4 else 6 end;
    elsif kind = 2 and not data ? 'successor' then
        after := case when data ? 'arbiter' then 6 when (data ->> 'rung')::int <= 4 then 4 else 1 end;
    elsif data ? 'support' or kind = 51 and data ? 'joined' then
        after := was;
    else
        select coalesce (case m.becomes when 0 then was when -1 then nullif (so_far[1 + was], 0) else m.becomes end, was) into after
        from (select) one left join step_move m on m.kind = state_fold.kind and m.state = was;
    end if;
    if after <> was then
        so_far[1 + after] := was;
    end if;
    so_far[1] := after;
    return so_far;
end $$;
create aggregate state_behind (kind smallint, data jsonb, waited boolean) (sfunc = state_fold, stype = smallint[]);

-- The histories of these complaints, an event a row, each with its place.  Words of a secret complaint go to who submitted it, as it
-- wrote them or wrote for their reader; of an oversight one none, lest they come to those whom it accuses.  `future`: transactions from there on are those of another
-- cluster, whose dump was restored here; they come before all of ours.
create function told_history (ids uuid[], future bigint)
returns table (complaint_id uuid, number smallint, at timestamptz, kind smallint, agency int, text text, data jsonb, place bigint, state smallint)
language sql stable as $$
    select h.complaint_id, h.number, h.at, h.kind, h.agency, h.text, h.data, h.place,
           case when h.number < h.events then h.states[1] when h.now = 6 then coalesce (h.was, 6) else h.now end::smallint
    from (select e.complaint_id, e.number, e.at, e.kind, e.agency, e.data, c.events, c.state as now, r.was,
                 case when c.flags & 4 = 0 and (e.kind in (16, 17, 18, 22, 26, 53) or e.kind between 31 and 37) and not coalesce (e.data ? 'private', false)
                           and not (e.kind in (32, 33, 37) and coalesce (e.number >= r.words, false)) then e.text end as text,
                 max (case when e.tx < future then e.tx else 0 end) over w as place, state_behind (e.kind, e.data, f.waited) over w as states
          from unnest (ids) i (id)
          join complaint c on c.complaint_id = i.id
          join event e on e.complaint_id = i.id and e.number is not null
          left join returned r on r.complaint_id = i.id
          cross join lateral (select c.due_verify is not null or exists (select from event p where p.complaint_id = i.id and p.data ? 'placed') as waited) f
          window w as (partition by e.complaint_id order by e.number rows unbounded preceding)) h
$$;

create function moment_text (at timestamptz) returns text language sql stable as $$
    select to_char (at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;
-- What happened, as those are told who submitted it: its step's word.  Null: that is not for them.
create function told_word (kind smallint, data jsonb) returns text language sql stable as $$
    select case when kind = 1 then 'placed' when kind = 51 and data ? 'joined' then 'joined' when kind = 53 then 'followed' when kind = 54 then 'not_oversight'
                else (select s.word from step s where s.kind = told_word.kind and s.told) end
$$;
create function event_name (complaint uuid, number int) returns text language sql immutable as $$
    select replace (complaint::text, '-', '') || '-' || number
$$;

-- One event as the feed, a webhook and web_own say it.
create function told_item (complaint uuid, event smallint, at timestamptz, kind smallint, agency int, text text, data jsonb, state smallint)
returns jsonb language sql stable as $$
    select jsonb_strip_nulls (jsonb_build_object (
               'id', event_name (complaint, event), 'type', told_word (told_item.kind, told_item.data), 'number', number_text (c.number), 'event', event,
               'at', moment_text (told_item.at), 'external', t.external, 'agency', a.code, 'agency_name', a.name, 'receiver', o.code, 'receiver_name', o.name,
               'state', state_word (told_item.state),
               'text', told_item.text, 'secret', case when c.flags & 6 <> 0 then true end,
               'due', case when told_item.kind in (40, 41) then moment_text ((told_item.data ->> 'due')::timestamptz)
                           when c.state < 7 then moment_text (c.due_resolve) end,
               'clock', case when told_item.kind between 40 and 48 then told_item.data ->> 'clock' end,
               'other', case when told_item.kind in (28, 52) or (told_item.kind = 51 and not told_item.data ? 'joined') then told_item.data ->> 'other' end,
               'reason', case when told_item.kind = 22 then resolution_word ((told_item.data ->> 'reason')::int)
                              when told_item.kind in (26, 72) then ending_word ((told_item.data ->> 'reason')::int) end,
               'rating', told_item.data -> 'rating'))
    from complaint c
    join content t on t.complaint_id = c.complaint_id
    left join agency a on a.agency_id = told_item.agency
    left join agency o on o.agency_id = (told_item.data ->> 'to')::int
    where c.complaint_id = complaint
$$;

-- ---- reading ---------------------------------------------------------------------------------------------
-- The next events of what this principal submitted, of these types (null: all), behind `start`, at most `most`, and 600,000 bytes and one: {events, cursor, more, restored}; {fault} where
-- there is no such cursor.  Read in windows of transactions that are over, found by their digests; so many of them are looked
-- through at most that a reader who has little among much of others is answered soon, with a cursor farther on and `more`.
create function feed_page (principal int, start text, most int, types text[]) returns jsonb language plpgsql stable security definer set search_path = public
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = on set jit = off set plan_cache_mode = force_custom_plan as $$
declare
    over   bigint := pg_snapshot_xmin (pg_current_snapshot ())::text::bigint;
    future bigint := pg_snapshot_xmax (pg_current_snapshot ())::text::bigint;
    named  feed_position := feed_start (start);
    here   feed_position;
    events jsonb := '[]';
    width  int := greatest (2 * most, 500);
    low    bigint;
    high   bigint;
    looked int := 0;
    got    int := 0;
    bytes  int := 0;                            -- of what was got
    item   jsonb;
    each   record;
begin
    if named is null then
        return '{"fault": "cursor"}';
    end if;
    here := feed_resume (named);
    low := greatest (here.place, 1);
    while got < most and bytes < 600000 and low < over and looked < 20000 loop
        select s.tx + 1 into high
        from (select d.tx, sum (d.count) over (order by d.tx, d.digest_id) as so_far
              from (select tx, digest_id, count from audit_digest where tx >= low and tx < over and kind = 11 order by tx, digest_id limit width) d) s
        where s.so_far >= width order by s.tx limit 1;
        high := coalesce (high, over);
        for each in
            select h.*
            from (select array (select c.complaint_id
                                from (select distinct e.complaint_id from event e where e.tx >= low and e.tx < high and e.number is not null offset 0) e
                                join complaint c on c.complaint_id = e.complaint_id and c.adapter = feed_page.principal) as ids) own
            cross join lateral told_history (own.ids, future) h
            where h.place >= low and h.place < high and (h.place, h.complaint_id, h.number) > (here.place, here.complaint_id, here.number)
              and told_word (h.kind, h.data) = any (coalesce (types, array[told_word (h.kind, h.data)]))
            order by h.place, h.complaint_id, h.number
            limit most - got
        loop
            item := told_item (each.complaint_id, each.number, each.at, each.kind, each.agency, each.text, each.data, each.state);
            events := events || item;
            got := got + 1;
            bytes := bytes + octet_length (item::text);
            here := row (here.epoch, each.place, each.complaint_id, each.number)::feed_position;
            exit when bytes >= 600000;
        end loop;
        if got < most and bytes < 600000 then
            here := feed_behind (high - 1);
        end if;
        looked := looked + width;
        width := width * 2; -- who found little looks through more at once
        low := high;
    end loop;
    return jsonb_build_object ('events', events, 'cursor', feed_cursor (here), 'more', got = most or bytes >= 600000 or low < over, 'restored', named.epoch <> here.epoch);
end $$;

create function web.feed (principal int, cursor text, most int) returns jsonb language sql stable security definer set search_path = public as $$
    select feed_page (principal, cursor, least (greatest (most, 1), 500), null)
$$;

-- The cases of this number, or of that external reference, that this principal submitted, newest first, each with the newest of its history,
-- as much as an answer of aduan-query holds.
create function web.own (principal int, name text) returns jsonb language plpgsql stable security definer set search_path = public
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
begin
    return (
        select coalesce (jsonb_agg (jsonb_strip_nulls (jsonb_build_object (
                   'number', number_text (c.number), 'external', t.external, 'received', moment_text (c.received),
                   'state', state_word (state_shown (c)), 'agency', h.code, 'agency_name', h.name,
                   'category', c.category, 'place', c.region, 'secret', c.flags & 2 <> 0, 'anonymous', c.flags & 1 <> 0, 'title', case when c.flags & 4 = 0 then t.title end,
                   'main', number_text (m.number), 'provisional', case when c.state < 7 and due_provisional (c.due_resolve) then true end,
                   'due_verify', case when c.state < 7 then moment_text (c.due_verify) end, 'due_first', case when c.state < 7 then moment_text (c.due_first) end,
                   'due_resolve', case when c.state < 7 then moment_text (c.due_resolve) end,
                   'events', (select jsonb_agg (told_item (v.complaint_id, v.number, v.at, v.kind, v.agency, v.text, v.data, v.state) order by v.number)
                              from (select h.*, sum (coalesce (octet_length (h.text), 0) + 500) over (order by h.number desc) as bytes
                                    from told_history (array[c.complaint_id], 9223372036854775807) h where told_word (h.kind, h.data) is not null) v
                              where v.bytes <= 400000 / n.cases)))
               order by c.complaint_id desc), '[]')
        from (select u.complaint_id, count (*) over () as cases from (
              select i.complaint_id from complaint i where i.number = number_bits (own.name)
              union
              (select i.complaint_id from content i where i.external = own.name and i.external is not null order by i.complaint_id desc limit 20)) u) n
        join complaint c on c.complaint_id = n.complaint_id and c.adapter = own.principal
        join content t on t.complaint_id = c.complaint_id
        left join merged x on x.complaint_id = c.complaint_id
        left join complaint m on m.complaint_id = x.main
        left join agency h on h.agency_id = coalesce (m.holder, c.holder));
end $$;

revoke execute on function feed_page, web.feed, web.own from public;
grant execute on function feed_page to aduan_store;
grant execute on function web.feed, web.own to aduan_web;
