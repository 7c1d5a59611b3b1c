-- What the reporter of an alias says goes on in the main complaint, for its agency.  The feed, webhooks and web.own told it to who
-- submitted the main one, as words of that one's own reporter; his page does not (0155).  It is told now that it was said, for the case may
-- have come back to its agency by it, and by whom (`alias`), and no word of it.
--
-- And what an agency said to the main one's reporter alone was told with its words to who submitted an alias: a `followed` event (kind 53) did
-- not say that they are (`private`).  It does now; those of before stay as they are.

-- As in 0091, but for words of aliases' reporters.
create or replace function told_history (ids uuid[], future bigint)
returns table (complaint_id uuid, number smallint, at timestamptz, kind smallint, agency int, text text, data jsonb, place bigint, state smallint)
language sql stable as $$
    select h.complaint_id, h.number, h.at, h.kind, h.agency, case when not h.of_alias then h.text end,
           case when h.of_alias then coalesce (h.data, '{}') || '{"alias": true}' else h.data end, h.place,
           case when h.number < h.events then h.states[1] when h.now = 6 then coalesce (h.was, 6) else h.now end::smallint
    from (select e.complaint_id, e.number, e.at, e.kind, e.agency, e.data, c.events, c.state as now, r.was,
                 event_of_alias (e.complaint_id, e.kind, e.act_key, e.data) as of_alias,
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

-- As in 0091; besides, that it was said by the reporter of an alias.
create or replace function told_item (complaint uuid, event smallint, at timestamptz, kind smallint, agency int, text text, data jsonb, state smallint)
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
               'rating', told_item.data -> 'rating', 'alias', told_item.data -> 'alias'))
    from complaint c
    join content t on t.complaint_id = c.complaint_id
    left join agency a on a.agency_id = told_item.agency
    left join agency o on o.agency_id = (told_item.data ->> 'to')::int
    where c.complaint_id = complaint
$$;

-- As in 0156, but for `private`.
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
                                                  'private', e.data -> 'private',
                                                  'attachments', case when e.kind in (16, 17, 18, 22) then e.data -> 'attachments' end))
        from record
    )
    insert into notice (complaint_id, recipient, agency, event, template)
    select complaint_id, 0, case told when 2 then new.holder else coalesce (e.agency, new.holder) end, events, told from record where flags & 16 <> 0;
    return null;
end $$;
