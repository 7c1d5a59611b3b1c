-- What aduan-web reads, in role aduan_web (docs/channels.md): functions of a schema of its own, and nothing else.  Each runs by its
-- owner's rights and has its condition inside; what is absent, not public and not proved is the same empty answer.
revoke usage on schema public from public;
create schema web;

-- ---- a reporter and his case

-- The complaints of this number: more than one where it clashes.  By its own: the planner must not look for a number along a key
-- that puts them in order.
create function numbered (number text) returns setof complaint language plpgsql stable rows 1 as $$
begin
    return query select c.* from complaint c where c.number = number_bits (numbered.number);
end $$;

-- The complaint of this number and access code (the hash of it, as 64 hexadecimal digits); null: there is none.
create function case_proven (number text, code text) returns uuid language plpgsql stable as $$
begin
    return (
        select c.complaint_id
        from numbered (case_proven.number) c
        where (select encode (t.code_hash, 'hex') from content t where t.complaint_id = c.complaint_id) = lower (code)
        order by c.complaint_id limit 1);
end $$;

create function state_word (state smallint) returns text language sql immutable as $$
    select (array ['received', 'verified', 'postponed', 'assigned', 'in_progress', 'returned', 'resolved', 'archived', 'blocked', 'merged'])[state]
$$;
create function class_word (class smallint) returns text language sql immutable as $$
    select (array ['complaint', 'complaint_plain', 'complaint_oversight', 'aspiration', 'info_request'])[class]
$$;
create function resolution_word (reason int) returns text language sql immutable as $$
    select (array ['fixed', 'explained', 'planned', 'cannot_fix', 'info_given'])[reason]
$$;
create function ending_word (reason int) returns text language sql immutable as $$
    select (array ['sara', 'no_evidence', 'unclear', 'not_government', 'bad_format', 'too_general', 'private_party', 'in_court', 'law_enforcement',
                   'content_rule'])[reason]
$$;

-- A complaint as it goes on: itself, or the one that it is an alias of.
create function case_main (id uuid) returns complaint language plpgsql stable as $$
begin
    return (
        select m from complaint m where m.complaint_id = coalesce ((select x.main from merged x where x.complaint_id = id), id));
end $$;

-- Its state without a hand-back that is only a router's business.
create function state_shown (c complaint) returns smallint language plpgsql stable as $$
begin
    return (
        select case when c.state = 6 then coalesce ((select r.was from returned r where r.complaint_id = c.complaint_id), 6::smallint) else c.state end);
end $$;

-- Whoever has the number knows this and nothing else: RELIABILITY 5.4.
create function web.status (number text) returns setof json language plpgsql stable security definer rows 1 set search_path = public as $$
#variable_conflict use_column
begin
    return query
        select json_build_object ('status', case when s.state in (1, 2) then 'received' when s.state < 7 then 'in_work' else 'done' end)
        from (select c.complaint_id from numbered (status.number) c order by c.complaint_id limit 1) c
        cross join lateral (select state_shown (case_main (c.complaint_id)) as state) s;
end $$;

-- What the reporter was asked for and has not answered; no row: nothing.
create function case_asked (id uuid, flags smallint) returns table (bits int, text text) language plpgsql stable as $$
#variable_conflict use_column
begin
    return query
        with said as (
            select e.number, (e.kind = 18 or e.data -> 'kind' = '18') as asks, e.text, (e.data ->> 'asks')::int as bits
            from event e
            where e.complaint_id = id and e.number is not null and (e.kind in (18, 32, 33) or e.kind = 53 and e.data -> 'kind' = '18')
            order by e.number desc limit 1)
        select s.bits, s.text from said s where s.asks
        union all
        select (flags >> 6) & 31, null where (flags >> 6) & 31 <> 0 and not exists (select from said);
end $$;

-- What the reporter may say now; judged as in store_reply.sql, and there again when he says it.
create function case_may (c complaint, m complaint) returns text[] language plpgsql stable as $$
begin
    return (
        with s as (
            select (select r.was from returned r where r.complaint_id = m.complaint_id) as was,
                   (select e.kind from ending e where e.complaint_id = m.complaint_id) as ended,
                   (select e.at from ending e where e.complaint_id = m.complaint_id) as ended_at
        ), word (nth, word, fits) as (
            select v.* from s cross join lateral (values
                (1, 'reply', exists (select from step_move v where v.kind = 32 and v.state = m.state)),
                (2, 'complete', m.state = 3 or m.state = 6 and s.was = 3 or m.state = 8 and s.ended = 44),
                (3, 'rate', m.state = 7),
                (4, 'close', c.state = 5),
                (5, 'reopen', m.state = 7 and s.ended_at > statement_timestamp () - interval '30 days' or m.state = 8 and s.ended = 44),
                (6, 'withdraw', exists (select from step_move v where v.kind = 35 and v.state = c.state)),
                (7, 'consent', exists (select from step_move v where v.kind = 38 and v.state = c.state)
                               and (c.due_resolve <= statement_timestamp () or exists (select from event e where e.complaint_id = c.complaint_id and e.kind = 47))),
                (8, 'flags', exists (select from step_move v where v.kind = 39 and v.state = c.state))) v (nth, word, fits)
        )
        select coalesce (array_agg (word order by nth), '{}') from word where fits);
end $$;

-- What its reporter reads of what happened, the newest 400,000 bytes of words, oldest first.
create function case_history (c complaint) returns json language plpgsql stable as $$
begin
    return (
        select json_agg (row_to_json (h) order by h.at, h.number nulls last)
        from (select v.at, v.number,
                     case when v.kind = 1 then 'placed'
                          when v.kind = 51 and v.data ? 'joined' then 'joined'
                          when v.kind = 53 then 'followed'
                          when v.kind = 54 then 'not_oversight'
                          else s.word end as kind,
                     case when v.kind = 53 then (select o.word from step o where o.kind = (v.data ->> 'kind')::int) end as followed,
                     a.code as agency, a.name as agency_name, o.code as receiver, o.name as receiver_name,
                     case when (v.kind in (16, 17, 18, 22, 26, 53) or v.kind between 31 and 37)
                               and not (v.kind in (32, 33, 37) and coalesce (v.number >= r.words, false)) then v.text end as text,
                     case when v.kind in (16, 17, 18, 22) then v.data ->> 'attachments' end as attachments,
                     case v.kind when 22 then resolution_word ((v.data ->> 'reason')::int)
                                 when 26 then ending_word ((v.data ->> 'reason')::int) when 72 then ending_word ((v.data ->> 'reason')::int) end as reason,
                     case when v.kind between 40 and 48 then v.data ->> 'clock' end as clock,
                     case when v.kind in (40, 41) then v.data ->> 'due' when v.kind in (45, 46) then coalesce (v.data ->> 'new', v.data ->> 'due') end as due,
                     case when v.kind = 28 or v.kind = 51 and not v.data ? 'joined' then v.data ->> 'other' end as other,
                     (v.data ->> 'rating')::int as rating,
                     v.kind between 32 and 39 as mine
              from (select w.*, sum (coalesce (octet_length (w.text), 0) + 200) over (order by w.at desc, w.number desc nulls first rows unbounded preceding) as bytes
                    from event w where w.complaint_id = c.complaint_id) v
              left join returned r on r.complaint_id = c.complaint_id
              left join step s on s.kind = v.kind
              left join agency a on a.agency_id = v.agency
              left join agency o on o.agency_id = (v.data ->> 'to')::int
              where v.bytes <= 400000 and (s.told or v.kind in (53, 54))) h);
end $$;

-- Everything that the reporter may know of his case.  Of an alias its own words and history, and the clocks of what it goes on as.
create function web.own_case (number text, code text) returns setof json language plpgsql stable security definer rows 1 set search_path = public as $$
#variable_conflict use_column
begin
    return query
        select row_to_json (r)
        from (select number_text (c.number) as number, state_word (state_shown (c)) as status,
                     case when m.complaint_id <> c.complaint_id then number_text (m.number) end as main,
                     case when m.complaint_id <> c.complaint_id then state_word (state_shown (m)) end as main_status,
                     class_word (c.class) as class, t.title, t.title_edited, t.body, t.body_edited, t.location, p.whole as place, c.region,
                     c.category, g.name as category_name, t.incident, t.latitude, t.longitude,
                     c.flags & 1 <> 0 as anonymous, c.flags & 2 <> 0 as secret, c.flags & 4 <> 0 as oversight, public_now (c) as published,
                     (array ['id', 'en'])[coalesce (c.language, 1)] as language, c.received, m.due_verify, m.due_first, m.due_resolve,
                     m.state < 7 and due_provisional (m.due_resolve) as provisional,
                     e.at as ended_at, e.ended_by,
                     case e.kind when 22 then resolution_word (e.reason) when 26 then ending_word (e.reason) when 72 then ending_word (e.reason)
                                 else (select s.word from step s where s.kind = e.kind) end as end_reason,
                     h.code as holder, h.name as holder_name, encode (t.attachments, 'hex') as attachments,
                     (select array_agg (w.word order by w.bit)
                      from unnest (array ['location', 'photo', 'date', 'detail', 'contact']) with ordinality w (word, bit)
                      where q.bits & (1 << (w.bit::int - 1)) <> 0) as asks, q.text as asked_text,
                     (select (v.data ->> 'rating')::int from event v
                      where v.complaint_id = c.complaint_id and v.kind in (34, 36) and v.data ? 'rating' order by v.number desc limit 1) as rating,
                     coalesce ((select s.count from supported s where s.complaint_id = c.complaint_id), 0) as supporters,
                     case_may (c, m) as may, case when m.state = 7 then e.at + interval '30 days' end as reopen_until,
                     case_history (c) as history
              from complaint c
              join content t on t.complaint_id = c.complaint_id
              cross join lateral case_main (c.complaint_id) m
              left join agency h on h.agency_id = m.holder
              left join category g on g.category_id = c.category
              left join region_search p on p.code = c.region
              left join ending e on e.complaint_id = m.complaint_id
              left join lateral case_asked (c.complaint_id, c.flags) q on m.state < 7
              where c.complaint_id = case_proven (own_case.number, own_case.code)) r;
end $$;

-- Has the case, or what was said on it, this file?
create function web.own_file (number text, code text, digest text) returns setof json language plpgsql stable security definer rows 1
set search_path = public as $$
#variable_conflict use_column
begin
    return query
        select '{}'::json
        from content t
        where t.complaint_id = case_proven (own_file.number, own_file.code) and own_file.digest ~ '^[0-9a-f]{64}$'
          and (strpos (encode (t.attachments, 'hex'), own_file.digest) % 64 = 1
               or exists (select from event e
                          where e.complaint_id = t.complaint_id and (e.kind in (16, 17, 18, 22) or e.kind between 32 and 37)
                            and strpos (e.data ->> 'attachments', own_file.digest) % 64 = 1));
end $$;

-- ---- the registry, for forms

-- Places by words of their own and their regions' names, the larger ones first; or one by its code.
create function web.regions (said text, most int) returns setof json language plpgsql stable security definer set search_path = public as $$
declare
    plain text := array_to_string (words_of (said), ' ');
    wants int := least (most, 50);
    each json;
begin
    if exists (select from region r where r.code = btrim (said)) then
        return query select json_build_object ('code', r.code, 'name', r.name, 'full', s.whole, 'level', r.level)
                     from region r join region_search s on s.code = r.code where r.code = btrim (said);
        return;
    end if;
    for size in 1 .. 4 loop
        for each in
            select json_build_object ('code', r.code, 'name', r.name, 'full', f.whole, 'level', r.level)
            from (select s.code, s.whole
                  from region_search s
                  where s.words @@ words_wanted (said, size || '=')
                  order by s.name in (plain, 'kota ' || plain, 'kabupaten ' || plain) desc, length (s.name), s.code
                  limit wants) f
            join region r on r.code = f.code
        loop
            return next each;
            wants := wants - 1;
        end loop;
        exit when wants <= 0;
    end loop;
end $$;

-- As a tree: each one behind that which it is in, those of one in the order of their names.
create function web.categories () returns setof json language plpgsql stable security definer set search_path = public as $$
#variable_conflict use_column
begin
    return query
        with recursive tree (category_id, parent, name, path) as (
            select g.category_id, g.parent, g.name, array [g.name, g.category_id::text] from category g where g.parent is null
            union all
            select g.category_id, g.parent, g.name, t.path || array [g.name, g.category_id::text] from tree t join category g on g.parent = t.category_id)
        select json_build_object ('number', category_id, 'parent', parent, 'name', name) from tree order by path;
end $$;

-- Agencies by words of their names or codes.
create function web.agencies (said text, most int) returns setof json language plpgsql stable security definer set search_path = public as $$
#variable_conflict use_column
begin
    return query
        select json_build_object ('code', f.code, 'name', f.name)
        from (select a.code, a.name
              from agency a
              where a.retired_at is null and (select bool_and (strpos (' ' || translate (lower (a.name || ' ' || a.code), '/.-', '   '), ' ' || w) > 0)
                                             from unnest (words_of (said)) w)
              order by lower (a.code) = lower (btrim (said)) desc, length (a.code), a.code
              limit least (most, 50)) f;
end $$;

-- ---- what is published

-- A published complaint as lists show it.
create function public_row (c complaint) returns table (number text, title text, excerpt text, place text, region text, category int, category_name text,
                                                         state text, received timestamptz, holder text, holder_name text, supporters int)
language plpgsql stable rows 1 as $$
#variable_conflict use_column
begin
    return query
        select number_text (c.number), desk_title (coalesce (t.title_edited, t.title), coalesce (t.body_edited, t.body)),
               left (coalesce (t.body_edited, t.body), 200), p.whole, c.region, c.category, g.name, state_word (state_shown (c)),
               to_timestamp (hour_of (c.received) * 3600::float8), h.code, h.name,
               coalesce ((select s.count from supported s where s.complaint_id = c.complaint_id), 0)
        from content t
        left join agency h on h.agency_id = c.holder
        left join category g on g.category_id = c.category
        left join region_search p on p.code = c.region
        where t.complaint_id = c.complaint_id;
end $$;

-- Published complaints, newest first, behind the one whose cursor is `before` (empty: from the newest): with these words, within
-- this region and category, open or done; what is empty may be anything.  What narrows is found by the index, but whether one is
-- open: that is judged by walking, over 4,000 of them at most.  Where that was not enough the last row has `rest` and a cursor, and
-- nothing else: it goes on from there.  A location in the reporter's words is not public, and finds nothing.
--
-- Planned with the words themselves, and for few first, since whether the index or a walk is faster depends on them (desk_search).
create function web.list (asked text, region text, category text, wanted text, before text, most int) returns setof json
language plpgsql stable security definer rows 30 set search_path = public as $$
declare
    words tsquery := websearch_to_tsquery ('indonesian', asked);
    narrow tsquery := words;
    at_hour int := 2147483647;
    at_number bigint := 0;
    wants int := greatest (least (most, 100), 1);
    rounds int[] := array [wants * 4, 4000];
    looks int;
    looked int;
    got int := 0;
    each record;
    row json;
begin
    if btrim (asked) <> '' and numnode (words) = 0 or region !~ '^[0-9.]{0,13}$' or category !~ '^[0-9]{0,9}$' then
        return;
    end if;
    if region <> '' then
        narrow := narrow && quote_literal ('@r' || region)::tsquery;
    end if;
    if category <> '' then
        narrow := narrow && quote_literal ('@c' || category::int)::tsquery;
    end if;
    if before ~ '^[0-9]{1,8}-A[0-9A-Z]{13}$' and number_bits (split_part (before, '-', 2)) is not null then
        at_hour := split_part (before, '-', 1)::int;
        at_number := number_bits (split_part (before, '-', 2));
    end if;
    foreach looks in array rounds loop
        looked := 0;
        for each in execute format (
            'select s.hour, s.number as bits, c, public_now (c) as shown
             from (select e.complaint_id, e.hour, e.number from search_entry e
                   where e.hour is not null and (e.hour, e.number) < (%s, %s) %s
                   order by e.hour desc, e.number desc limit %s) s
             join complaint c on c.complaint_id = s.complaint_id
             order by s.hour desc, s.number desc',
            at_hour, at_number, case when numnode (narrow) > 0 then format ('and e.words @@ %L::tsquery', narrow) else '' end, looks) loop
            looked := looked + 1;
            at_hour := each.hour;
            at_number := each.bits;
            if each.shown and (wanted = '' or ((each.c).state = 7) = (wanted = 'done'))
               and (numnode (words) = 0 or exists (
                        select from content t where t.complaint_id = (each.c).complaint_id
                        and to_tsvector ('indonesian', coalesce (t.title_edited, t.title) || ' ' || coalesce (t.body_edited, t.body)) @@ words)) then
                select row_to_json (r) into row
                from (select p.*, each.hour || '-' || p.number as cursor from public_row (each.c) p) r;
                return next row;
                got := got + 1;
                exit when got = wants;
            end if;
        end loop;
        if got = wants or looked < looks then
            return;
        end if;
    end loop;
    return next json_build_object ('rest', true, 'cursor', at_hour || '-' || number_text (at_number));
end $$;

-- Kinds of events that strangers read.
create function public_kinds () returns int[] language sql immutable as $$
    select array [1, 2, 16, 17, 18, 20, 22, 33, 36, 37, 43]
$$;

-- What strangers read of what happened: where it went, how it ended, what agencies said to everybody; of the reporter that he said
-- something, and not what.  By day.
create function public_history (c complaint) returns json language plpgsql stable as $$
begin
    return (
        select json_agg (row_to_json (h) order by h.at, h.number)
        from (select e.at::date as at, e.number, case e.kind when 1 then 'placed' else s.word end as kind, a.code as agency, a.name as agency_name,
                     o.code as receiver, o.name as receiver_name,
                     case when e.kind in (16, 17, 22) and not coalesce (e.data ? 'private', false) then e.text end as text,
                     case when e.kind = 22 then resolution_word ((e.data ->> 'reason')::int) end as reason,
                     e.kind between 32 and 39 as reporter
              from event e
              join step s on s.kind = e.kind
              left join agency a on a.agency_id = e.agency
              left join agency o on o.agency_id = (e.data ->> 'to')::int
              where e.complaint_id = c.complaint_id and e.number is not null and e.kind = any (public_kinds ())
              order by e.number desc limit 200) h);
end $$;

-- One published complaint; its place to some hundred metres.
create function web.published (number text) returns setof json language plpgsql stable security definer rows 1 set search_path = public as $$
#variable_conflict use_column
begin
    return query
        select row_to_json (r)
        from (select p.*, class_word (c.class) as class, coalesce (t.body_edited, t.body) as text,
                     round (t.latitude / 1e7::numeric, 3) as latitude, round (t.longitude / 1e7::numeric, 3) as longitude,
                     public_history (one.c) as history
              from (select c from numbered (published.number) c where public_now (c) order by c.complaint_id limit 1) one
              cross join lateral (select (one.c).*) c
              cross join lateral public_row (one.c) p
              join content t on t.complaint_id = c.complaint_id) r;
end $$;

grant usage on schema web to aduan_web;
revoke execute on all functions in schema web from public;
grant execute on all functions in schema web to aduan_web;
