-- The reporter of an alias may open the main complaint again.  That one's own reporter was told so by a notice, while his page, which is shown
-- nothing of an alias's reporter, went on to say that it is answered.  It is shown now that somebody did (`reopened`), and no word of it.

-- As in 0159, but for that.
create or replace function case_history (c complaint) returns json language plpgsql stable as $$
begin
    return (
        select json_agg (row_to_json (h) order by h.at, h.number nulls last)
        from (select v.at, v.number,
                     case when v.kind = 1 then 'placed'
                          when v.kind = 51 and v.data ? 'joined' then 'joined'
                          when v.kind = 53 then 'followed'
                          when v.kind = 54 then 'not_oversight'
                          when b.of_alias then 'reopened'
                          else s.word end as kind,
                     case when v.kind = 53 then (select o.word from step o where o.kind = (v.data ->> 'kind')::int) end as followed,
                     a.code as agency, a.name as agency_name, o.code as receiver, o.name as receiver_name,
                     case when (v.kind in (16, 17, 18, 22, 26, 53) or v.kind between 31 and 37) and not b.of_alias and not event_held (v.kind, v.number, r.words) then v.text end as text,
                     case when not b.of_alias then event_own_files (v.kind, v.number, v.data, r.words) end as attachments,
                     case v.kind when 22 then resolution_word ((v.data ->> 'reason')::int)
                                 when 26 then ending_word ((v.data ->> 'reason')::int) when 72 then ending_word ((v.data ->> 'reason')::int) end as reason,
                     case when v.kind between 40 and 48 then v.data ->> 'clock' end as clock,
                     case when v.kind in (40, 41) then v.data ->> 'due' when v.kind in (45, 46) then coalesce (v.data ->> 'new', v.data ->> 'due') end as due,
                     case when v.kind = 28 or v.kind = 51 and not v.data ? 'joined' then v.data ->> 'other' end as other,
                     (v.data ->> 'rating')::int as rating,
                     case when v.kind = 38 then (v.data ->> 'consent')::boolean end as consent,
                     case when v.kind = 39 then (v.data ->> 'now')::int & 1 <> 0 end as anonymous,
                     case when v.kind = 39 then (v.data ->> 'now')::int & 2 <> 0 end as secret,
                     v.kind between 32 and 39 and not b.of_alias as mine
              from (select w.*, sum (coalesce (octet_length (w.text), 0) + 200) over (order by w.at desc, w.number desc nulls first rows unbounded preceding) as bytes
                    from event w where w.complaint_id = c.complaint_id) v
              cross join lateral (select event_of_alias (v.complaint_id, v.kind, v.act_key, v.data) as of_alias) b
              left join returned r on r.complaint_id = c.complaint_id
              left join step s on s.kind = v.kind
              left join agency a on a.agency_id = v.agency
              left join agency o on o.agency_id = (v.data ->> 'to')::int
              where v.bytes <= 400000 and (s.told or v.kind in (53, 54))
                and (not b.of_alias or (v.kind = 37 and not event_held (v.kind, v.number, r.words)))) h);
end $$;

-- A `followed` event (kind 53) of before 0158 does not say whether its words were for the main one's reporter alone, and nobody can tell it
-- from one whose words are everybody's.  From here on each says so, yes or no, and where none stands the feed, webhooks and web.own take
-- the words for private: his page and his access code read them.
create function event_private (kind int, data jsonb) returns boolean language sql immutable as $$
    select case when kind = 53 then coalesce ((data ->> 'private')::boolean, true) else coalesce (data ? 'private', false) end
$$;

-- As in 0158, but for that.
create or replace function told_history (ids uuid[], future bigint)
returns table (complaint_id uuid, number smallint, at timestamptz, kind smallint, agency int, text text, data jsonb, place bigint, state smallint)
language sql stable as $$
    select h.complaint_id, h.number, h.at, h.kind, h.agency, case when not h.of_alias then h.text end,
           case when h.of_alias then coalesce (h.data, '{}') || '{"alias": true}' else h.data end, h.place,
           case when h.number < h.events then h.states[1] when h.now = 6 then coalesce (h.was, 6) else h.now end::smallint
    from (select e.complaint_id, e.number, e.at, e.kind, e.agency, e.data, c.events, c.state as now, r.was,
                 event_of_alias (e.complaint_id, e.kind, e.act_key, e.data) as of_alias,
                 case when c.flags & 4 = 0 and (e.kind in (16, 17, 18, 22, 26, 53) or e.kind between 31 and 37) and not event_private (e.kind, e.data)
                           and not (e.kind in (32, 33, 37) and coalesce (e.number >= r.words, false)) then e.text end as text,
                 max (case when e.tx < future then e.tx else 0 end) over w as place, state_behind (e.kind, e.data, f.waited) over w as states
          from unnest (ids) i (id)
          join complaint c on c.complaint_id = i.id
          join event e on e.complaint_id = i.id and e.number is not null
          left join returned r on r.complaint_id = i.id
          cross join lateral (select c.due_verify is not null or exists (select from event p where p.complaint_id = i.id and p.data ? 'placed') as waited) f
          window w as (partition by e.complaint_id order by e.number rows unbounded preceding)) h
$$;

-- As in 0158, but that it says no, too.
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
               jsonb_strip_nulls (jsonb_build_object ('kind', e.kind, 'other', number_text (new.number), 'clock', e.data -> 'clock', 'due', e.data -> 'due',
                                                  'private', coalesce (e.data -> 'private', 'false'),
                                                  'attachments', case when e.kind in (16, 17, 18, 22) then e.data -> 'attachments' end))
        from record
    )
    insert into notice (complaint_id, recipient, agency, event, template)
    select complaint_id, 0, case told when 2 then new.holder else coalesce (e.agency, new.holder) end, events, told from record where flags & 16 <> 0;
    return null;
end $$;
