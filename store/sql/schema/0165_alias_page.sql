-- What the reporter of an alias is told of the complaint that his goes on as (docs/duplicates.md, "Who reads whose words").
--
-- His page began with the merge: what had been answered before, and that the other one's reporter opened it again, was not there.  It has now
-- what strangers could read of the main complaint, too, had they looked; and no file of that, for none is public.
--
-- What an agency says to the main one's reporter alone stood there with its words and files, which may say who that is.  He is told that
-- something was said, and by whom; words and files do not come into his history (`private`), and those that are in it are not shown.
--
-- event.data, besides, of kind 53:  asks, reason: as of the event that it repeats
-- Events of before have neither, and private ones among them their words.

-- For whom else words to a main complaint's reporter were is said by each event since 0162, and by earlier ones where they were for him alone.
create function followed_aside (kind int, data jsonb) returns boolean language sql immutable as $$
    select kind = 53 and coalesce ((data ->> 'private')::boolean, false)
$$;

-- As in 0155, but for those.
create or replace function event_own_files (kind int, number int, data jsonb, since int) returns text language sql immutable as $$
    select case when kind in (16, 17, 18, 22, 53) and not followed_aside (kind, data)
                     or kind between 32 and 39 and not data ? 'alias' and not event_held (kind, number, since)
                then data ->> 'attachments' end
$$;

-- Of the complaint that an alias goes on as: what its agencies said to everybody and the alias has not been told, as events of kind 53, with words
-- while they are published; and reopenings by anybody else, kind 37, without.  What was repeated to the alias was so in the same transaction.
create function main_told (alias uuid) returns table (at timestamptz, kind smallint, agency int, text text, data jsonb) language plpgsql stable as $$
#variable_conflict use_column
begin
    return query
        select e.at, case when e.kind = 37 then e.kind else 53::smallint end, e.agency, case when e.kind <> 37 and p.public then e.text end,
               case when e.kind <> 37 then jsonb_strip_nulls (jsonb_build_object ('kind', e.kind, 'reason', case when e.kind = 22 then e.data -> 'reason' end)) end
        from merged x
        join complaint m on m.complaint_id = x.main
        cross join lateral (select public_now (m) as public) p
        join event e on e.complaint_id = x.main and e.number is not null and e.kind in (16, 17, 22, 37)
        left join returned r on r.complaint_id = x.main
        where x.complaint_id = alias
          and case when e.kind = 37
                   then not event_held (e.kind, e.number, r.words)
                        and not exists (select from event w where w.complaint_id = alias and w.kind = 37 and w.act_key = e.act_key)
                   else not coalesce (e.data ? 'private', false)
                        and not exists (select from event w where w.complaint_id = alias and w.kind = 53 and w.tx = e.tx and w.data -> 'kind' = to_jsonb (e.kind)) end;
end $$;

-- As in 0162, but for these.
create or replace function case_history (c complaint) returns json language plpgsql stable as $$
begin
    return (
        select json_agg (row_to_json (h) order by h.at, h.number nulls last)
        from (select v.at, v.number,
                     case when v.kind = 1 then 'placed'
                          when v.kind = 51 and v.data ? 'joined' then 'joined'
                          when v.kind = 53 then 'followed'
                          when v.kind = 54 then 'not_oversight'
                          when v.of_other then 'reopened'
                          else s.word end as kind,
                     case when v.kind = 53 then (select o.word from step o where o.kind = f.kind) end as followed,
                     case when followed_aside (v.kind, v.data) then true end as aside,
                     a.code as agency, a.name as agency_name, o.code as receiver, o.name as receiver_name,
                     case when (v.kind in (16, 17, 18, 22, 26, 53) or v.kind between 31 and 37)
                               and not v.of_other and not event_held (v.kind, v.number, r.words) and not followed_aside (v.kind, v.data) then v.text end as text,
                     case when not v.of_other then event_own_files (v.kind, v.number, v.data, r.words) end as attachments,
                     case f.kind when 22 then resolution_word ((v.data ->> 'reason')::int)
                                 when 26 then ending_word ((v.data ->> 'reason')::int) when 72 then ending_word ((v.data ->> 'reason')::int) end as reason,
                     case when v.kind between 40 and 48 then v.data ->> 'clock' end as clock,
                     case when v.kind in (40, 41) then v.data ->> 'due' when v.kind in (45, 46) then coalesce (v.data ->> 'new', v.data ->> 'due') end as due,
                     case when v.kind = 28 or v.kind = 51 and not v.data ? 'joined' then v.data ->> 'other' end as other,
                     (v.data ->> 'rating')::int as rating,
                     case when v.kind = 38 then (v.data ->> 'consent')::boolean end as consent,
                     case when v.kind = 39 then (v.data ->> 'now')::int & 1 <> 0 end as anonymous,
                     case when v.kind = 39 then (v.data ->> 'now')::int & 2 <> 0 end as secret,
                     v.kind between 32 and 39 and not v.of_other as mine
              from (select w.*, sum (coalesce (octet_length (w.text), 0) + 200) over (order by w.at desc, w.number desc nulls first rows unbounded preceding) as bytes
                    from (select e.at, e.number, e.kind, e.agency, e.text, e.data, event_of_alias (e.complaint_id, e.kind, e.act_key, e.data) as of_other
                          from event e where e.complaint_id = c.complaint_id
                          union all
                          select t.at, null, t.kind, t.agency, t.text, t.data, t.kind = 37 from main_told (c.complaint_id) t) w) v
              cross join lateral (select case when v.kind = 53 then (v.data ->> 'kind')::int else v.kind end as kind) f
              left join returned r on r.complaint_id = c.complaint_id
              left join step s on s.kind = v.kind
              left join agency a on a.agency_id = v.agency
              left join agency o on o.agency_id = (v.data ->> 'to')::int
              where v.bytes <= 400000 and (s.told or v.kind in (53, 54))
                and (not v.of_other or (v.kind = 37 and not event_held (v.kind, v.number, r.words)))) h);
end $$;

-- As in 0162, but for these.
create or replace function complaint_followed () returns trigger language plpgsql as $$
declare
    base bigint := (select epoch << 40 from installation);
    e event;
    told smallint;
    aside boolean;
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
    aside := coalesce ((e.data ->> 'private')::boolean, false);
    with record as (
        update complaint c set version = greatest (c.version, base) + 1, events = c.events + 1
        from merged a where a.main = new.complaint_id and c.complaint_id = a.complaint_id
        returning c.complaint_id, c.events, c.flags
    ), history as (
        insert into event (complaint_id, at, act_key, principal, agency, kind, number, text, data)
        select complaint_id, clock_timestamp (), gen_random_uuid (), e.principal, e.agency, 53, events, case when told <> 2 and not aside then e.text end,
               jsonb_strip_nulls (jsonb_build_object ('kind', e.kind, 'other', number_text (new.number), 'clock', e.data -> 'clock', 'due', e.data -> 'due',
                                                  'private', aside, 'asks', case when e.kind = 18 then e.data -> 'asks' end,
                                                  'reason', case when e.kind = 22 then e.data -> 'reason' end,
                                                  'attachments', case when e.kind in (16, 17, 18, 22) and not aside then e.data -> 'attachments' end))
        from record
    )
    insert into notice (complaint_id, recipient, agency, event, template)
    select complaint_id, 0, case told when 2 then new.holder else coalesce (e.agency, new.holder) end, events, told from record where flags & 16 <> 0;
    return null;
end $$;

-- As in 0091, but that of an alias it says how the complaint stands that it goes on as, and what it is due by.
create or replace function web.own (principal int, name text) returns jsonb language plpgsql stable security definer set search_path = public
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
begin
    return (
        select coalesce (jsonb_agg (jsonb_strip_nulls (jsonb_build_object (
                   'number', number_text (c.number), 'external', t.external, 'received', moment_text (c.received),
                   'state', state_word (state_shown (c)), 'agency', h.code, 'agency_name', h.name,
                   'category', c.category, 'place', c.region, 'secret', c.flags & 2 <> 0, 'anonymous', c.flags & 1 <> 0, 'title', case when c.flags & 4 = 0 then t.title end,
                   'main', case when m.complaint_id <> c.complaint_id then number_text (m.number) end,
                   'main_state', case when m.complaint_id <> c.complaint_id then state_word (state_shown (m)) end,
                   'provisional', case when m.state < 7 and due_provisional (m.due_resolve) then true end,
                   'due_verify', case when m.state < 7 then moment_text (m.due_verify) end, 'due_first', case when m.state < 7 then moment_text (m.due_first) end,
                   'due_resolve', case when m.state < 7 then moment_text (m.due_resolve) end,
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
        cross join lateral case_main (c.complaint_id) m
        left join agency h on h.agency_id = m.holder);
end $$;
