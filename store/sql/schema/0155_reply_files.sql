-- Files that a reporter sends with a later word of his are named by its event, as those of an act are (docs/channels.md, "Files of a later
-- word").  Before, nothing named them: nobody saw one, and the content store let it go after `desk.unnamed`.  Events of before stay as they are.
--
-- event.data, besides, of kinds 32 to 39:
--   attachments  digests in hex, one behind the other
--   alias        true: said by the reporter of an alias, and here because it goes on in this complaint.  What he sent is not for this one's own
--                reporter.
-- refused.attachments: the same digests, of words of the reporter's own that his case could not take; they go with the row.
--
-- A store of before writes none of it, and reads past it.

-- Data of an event with what came beside its words; null where there is nothing.
create function event_with (data jsonb, files bytea, of_alias boolean) returns jsonb language sql stable as $$
    select case when files is null and not of_alias then data
                else coalesce (data, '{}') || jsonb_strip_nulls (jsonb_build_object ('attachments', encode (files, 'hex'), 'alias', nullif (of_alias, false))) end
$$;

-- Is an event a word about which a router has to decide first?  Nobody is shown it, nor what came with it.  `since`: returned.words.
create function event_held (kind int, number int, since int) returns boolean language sql immutable as $$
    select kind in (32, 33, 37) and coalesce (number >= since, false)
$$;

-- The files that the complaint's own reporter knows of an event: what was sent to him, or by him.
create function event_own_files (kind int, number int, data jsonb, since int) returns text language sql immutable as $$
    select case when kind in (16, 17, 18, 22, 53) or kind between 32 and 39 and not data ? 'alias' and not event_held (kind, number, since)
                then data ->> 'attachments' end
$$;

alter table refused add column attachments bytea;
create index refused_files on refused (parent) where attachments is not null;

-- As in 0075; besides, what a reporter sent with words that his case could not take is kept as long as they are.
create or replace function files_unnamed (digests bytea[]) returns setof bytea language sql stable security definer set search_path = public as $$
    select d from unnest (digests) d
    where not exists (select from named_file f where f.digest = d)
      and not exists (select from waiting w where position (d in w.content) > 0)
      and not exists (select from quarantine q where position (d in q.content) > 0)
      and not exists (select from refused r where r.attachments is not null and position (d in r.attachments) > 0)
$$;

-- What the reporter of an alias says goes on in the main complaint, for its agency. It is not for the main one's own reporter, who is
-- somebody else: until now his page showed it, as his own words.

-- Was an event said by the reporter of an alias?  Those of before have no mark; both histories have them under one key.
create function event_of_alias (complaint uuid, kind int, act_key uuid, data jsonb) returns boolean language sql stable as $$
    select kind between 32 and 39
           and (coalesce (data ? 'alias', false)
                or exists (select from merged m join event w on w.complaint_id = m.complaint_id and w.act_key = event_of_alias.act_key
                           where m.main = complaint))
$$;

-- As in 0086, without them; besides, files of his own later words.
create or replace function case_history (c complaint) returns json language plpgsql stable as $$
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
                     case when (v.kind in (16, 17, 18, 22, 26, 53) or v.kind between 31 and 37) and not event_held (v.kind, v.number, r.words) then v.text end as text,
                     event_own_files (v.kind, v.number, v.data, r.words) as attachments,
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
              where v.bytes <= 400000 and (s.told or v.kind in (53, 54)) and not event_of_alias (v.complaint_id, v.kind, v.act_key, v.data)) h);
end $$;

-- As in 0152; besides, the files of each.
create or replace function case_unheard (c complaint, code_hash bytea) returns json language sql stable as $$
    select json_agg (row_to_json (u))
    from (select s.word as kind, r.received as at, r.said as text, encode (r.attachments, 'hex') as attachments
          from refused r join step s on s.kind = 30 + r.kind
          where r.parent = c.number and r.reason = 'state' and position (code_hash in r.submission) > 0
          order by r.received desc, r.complaint_id desc limit 20) u
$$;

-- Has the case, or what was said to or by its reporter on it, this file?  As his page shows them (case_history, case_unheard).
create or replace function web.own_file (number text, code text, digest text) returns setof json language plpgsql stable security definer rows 1
set search_path = public as $$
#variable_conflict use_column
begin
    return query
        select '{}'::json
        from content t
        join complaint c on c.complaint_id = t.complaint_id
        left join returned y on y.complaint_id = t.complaint_id
        where t.complaint_id = case_proven (own_file.number, own_file.code) and own_file.digest ~ '^[0-9a-f]{64}$'
          and (strpos (encode (t.attachments, 'hex'), own_file.digest) % 64 = 1
               or exists (select from event e
                          where e.complaint_id = t.complaint_id and strpos (event_own_files (e.kind, e.number, e.data, y.words), own_file.digest) % 64 = 1)
               or exists (select from refused r
                          where r.parent = c.number and r.reason = 'state' and r.attachments is not null and position (t.code_hash in r.submission) > 0
                            and strpos (encode (r.attachments, 'hex'), own_file.digest) % 64 = 1));
end $$;
