-- A reporter's own words that the record refused because of the state that his case was in are told to him, with why (docs/channels.md,
-- "Words that were not accepted").  Taking them in was a promise: they must not be gone from his page.
--
-- refused.said: what he wrote; null in rows of before, and of a store of before, whose kind and moment are told alone.  It goes with the row.
alter table refused add column said text;
create index refused_parent on refused (parent) where reason = 'state';

-- What was refused of a case's own reporter, the last twenty, newest first: the submission holds the hash of the code that proved it, which
-- no other case has though it might have the number.
create function case_unheard (c complaint, code_hash bytea) returns json language sql stable as $$
    select json_agg (row_to_json (u))
    from (select s.word as kind, r.received as at, r.said as text
          from refused r join step s on s.kind = 30 + r.kind
          where r.parent = c.number and r.reason = 'state' and position (code_hash in r.submission) > 0
          order by r.received desc, r.complaint_id desc limit 20) u
$$;

-- Everything that the reporter may know of his case.  Of an alias its own words and history, and the clocks of what it goes on as.
create or replace function web.own_case (number text, code text) returns setof json language plpgsql stable security definer rows 1 set search_path = public as $$
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
                     case_history (c) as history, case_unheard (c, t.code_hash) as unheard
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

revoke execute on function case_unheard from public;
