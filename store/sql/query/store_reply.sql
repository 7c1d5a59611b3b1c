-- A reporter's word on a complaint: reply (2), completion (3), rating (4), withdrawal (5), closing (6), reopening (7),
-- consent (8), flags (9); what it makes of the complaint stands in step_move.
-- What is said to a complaint that waits for its reporter is its completion, whatever it is called: nobody's answer may let
-- it expire; and a second completion, while a router reads the first, is a reply.  A completion starts the clocks again that the question stopped, late too, when it has expired already; a
-- reopening, within 30 days of the end, resumes the resolution's.  Consent is for what was offered, or is late.
-- While a hand-back waits for its decision the assignment waits, too; an end ends every assignment.
-- A reply, completion or reopening that may tell of misconduct is held, with what is said behind it, until a router has
-- decided whether the complaint is oversight (decide_hand_back.sql): till then it is returned, unless it is oversight already.
-- Withdrawn before that nobody is shown them.
-- A reply, completion or reopening to an alias goes to its main complaint, and stands in both histories; the other words to
-- one are for reply_to_alias.sql.
-- Returns outcome (1 stored, 3 refused, 4 waiting; 0 for that other one, or again: it was merged or unmerged meanwhile),
-- whether new, the agency that has new work, whether a router must decide, and whether there is a notice; `done` is there so
-- that its functions are called.
--   $1 id  $2 parent number  $3 kind  $4 adapter  $5 code hash  $6 text  $7 rating  $8 received
--   $9 digest  $10 submission  $11 content  $12 version base  $13 anonymous, $14 secret (enum flag, 0: not said)
--   $15 attachments: digests, 32 bytes each, or null  $16 whether it may tell of misconduct  $17 consent (enum flag)
with named as materialized (
    select c.complaint_id, x.main, coalesce (t.code_hash = $5::bytea, false) as proven
    from complaint c join content t on t.complaint_id = c.complaint_id
    left join merged x on x.complaint_id = c.complaint_id
    where c.number = $2::bigint
    order by coalesce (t.code_hash = $5::bytea, false) desc, c.complaint_id limit 1
), parent as (
    select c.*, n.proven, n.complaint_id as alias
    from named n
    join complaint c on c.complaint_id = case when $3::int in (2, 3, 7) then coalesce (n.main, n.complaint_id) else n.complaint_id end
    for update of c
), meant as (
    select p.*, case when $3::int = 2 and (p.state = 3 or r.was = 3) then 3
                     when $3::int = 3 and p.state = 6 and r.was <> 3 then 2 else $3::int end as kind,
           coalesce (r.was = 3, false) as returned_asked, e.kind as ended, e.at as ended_at, e.was as ended_was
    from parent p
    cross join lateral (select case when p.state = 6 then returned_was (p.complaint_id) end as was) r
    left join lateral (select e.kind, e.at, (e.data ->> 'was')::smallint as was
                       from event e
                       where p.state in (7, 8) and e.complaint_id = p.complaint_id and e.number is not null
                         and e.kind in (22, 26, 35, 36, 43, 44)
                       order by e.number desc limit 1) e on true
), proof as (
    select p.*, p.alias <> p.complaint_id and alias_main (p.alias) is distinct from p.complaint_id as moved,
           case when p.kind = 3 and p.returned_asked then true
                when m.kind is null or p.state = 10 then false
                when p.kind in (3, 7) and p.state = 8 then p.ended = 44
                when p.kind = 7 then p.ended_at > $8::timestamptz - interval '30 days'
                when p.kind = 8 then $17::int > 0 and (p.due_resolve <= clock_timestamp ()
                                                       or exists (select from event e where e.complaint_id = p.complaint_id and e.kind = 47))
                when p.kind = 9 then $13::int + $14::int > 0
                else true end as fits,
           exists (select from event e where e.complaint_id = p.complaint_id and e.principal = $4::int and e.act_key = $1::uuid) as said,
           p.kind in (2, 3, 7) and (p.flags & 4 = 0 or p.state = 6) and ($16::boolean or (p.kind = 3 and p.state = 6)) as held,
           case when p.kind = 3 and (p.state = 3 or p.returned_asked)
                then case when exists (select from event e where e.complaint_id = p.complaint_id and e.kind in (16, 17) and not coalesce (e.data ? 'support', false))
                          then 5 else coalesce ((select (e.data ->> 'from')::smallint from event e
                                                 where e.complaint_id = p.complaint_id and e.kind = 18 and e.data ? 'from'
                                                 order by e.number desc limit 1),
                                                case when p.due_first is null then 1 else 4 end) end
                else state_after (p.state, coalesce (m.becomes, 0::smallint), p.ended_was) end as becomes,
           case when p.kind = 3 or (p.kind = 7 and p.state = 8) then asked_at (p.complaint_id) when p.kind = 7 then p.ended_at end as paused,
           coalesce (m.clocks & 512 <> 0, false) as ends, p.kind in (3, 7) and p.state in (7, 8) as revives
    from meant p
    left join step_move m on m.kind = 30 + p.kind and m.state = p.state
), good as materialized (
    select p.*, case when held then words_hold (complaint_id, events + 1, becomes, nullif (alias, complaint_id))
                     when ends and state = 6 then returned_end (complaint_id) end,
           case when revives then agency_alive (holder) else holder end as receiver,
           case when kind <> 9 then flags
                else (flags & ~((case when $14::int > 0 then 8192 else 0 end) | (case when $13::int = 1 then 1 else 0 end) | (case when $14::int = 1 and flags & 4 = 0 then 2 else 0 end))
                            | (case when $13::int = 2 then 1 else 0 end) | (case when $14::int = 2 then 2 else 0 end)) end::smallint as new_flags
    from proof p where proven and fits and not said and not moved
), history as (
    insert into event (complaint_id, at, act_key, principal, agency, kind, number, text, data)
    select complaint_id, clock_timestamp (), $1::uuid, $4::int, null, 30 + kind, events + 1, $6::text,
           event_with (case when kind = 4 or (kind = 6 and $7::int > 0) then jsonb_build_object ('rating', $7::int)
                            when kind = 7 then jsonb_build_object ('from', state, 'ended', ended)
                            when kind = 3 and state = 8 then jsonb_build_object ('from', state)
                            when kind = 8 then jsonb_build_object ('consent', $17::int = 2)
                            when kind = 9 then jsonb_build_object ('was', flags & 3, 'now', new_flags & 3) end,
                       $15::bytea, alias <> complaint_id)
    from good
), alias_record as (
    update complaint c set version = greatest (c.version, $12::bigint) + 1, events = c.events + 1
    from good g where c.complaint_id = g.alias and g.alias <> g.complaint_id
    returning c.complaint_id, c.events
), alias_history as (
    insert into event (complaint_id, at, act_key, principal, kind, number, text, data)
    select complaint_id, clock_timestamp (), $1::uuid, $4::int, 30 + (select kind from good), events, $6::text, event_with (null, $15::bytea, false)
    from alias_record
), record as (
    update complaint c
    set version = greatest (c.version, $12::bigint) + 1, events = c.events + 1,
        state = case when g.held then 6 else g.becomes end, flags = g.new_flags, holder = g.receiver,
        due_verify = case when g.paused is not null and g.state <> 7 then due_moved (c.due_verify, g.paused, clock_timestamp ()) else c.due_verify end,
        due_first = case when g.paused is not null and g.state <> 7 then due_moved (c.due_first, g.paused, clock_timestamp ()) else c.due_first end,
        due_resolve = case when g.paused is not null then due_moved (c.due_resolve, g.paused, clock_timestamp ()) else c.due_resolve end
    from good g where c.complaint_id = g.complaint_id
), work as (
    update assignment a
    set state = case when g.ends then 7 when a.state in (4, 7) then 1 else a.state end,
        queued = case when g.ends then false when a.state in (4, 7) then true else a.queued end,
        version = case when g.ends or a.state in (4, 7) then greatest (a.version, $12::bigint) + 1 else a.version end
    from good g
    where a.complaint_id = g.complaint_id and not g.revives
      and (g.ends or (a.agency = g.holder and g.kind in (2, 3) and g.state <> 6 and not g.held))
), revived as (
    insert into assignment as a (complaint_id, due, version, agency, state, priority, queued)
    select complaint_id, due_resolve, $12::bigint + 1, receiver, case when held then 4 else 1 end, priority, not held
    from good where revives
    on conflict (complaint_id, agency) do update
        set state = excluded.state, queued = excluded.queued, version = greatest (a.version, $12::bigint) + 1, lead = true,
            leased_by = null, lease_until = null, nacks = 0, attempt = 0, left_at = null
), told as (
    insert into notice (complaint_id, recipient, agency, event, template)
    select complaint_id, 0, receiver, events + 1, case when kind = 4 then 14 else 12 end
    from good where flags & 16 <> 0 and not held and (kind = 7 or (kind = 4 and $7::int <= 2) or (kind = 3 and state = 8))
    returning 1
), kept as (
    insert into refused (complaint_id, parent, adapter, kind, reason, digest, submission, content, received, at, said, attachments)
    select $1::uuid, $2::bigint, $4::int, $3::int, case when proven then 'state' else 'code' end,
           $9::bytea, $10::bytea, $11::bytea, $8::timestamptz, clock_timestamp (), case when proven then $6::text end,
           case when proven then $15::bytea end
    from proof where not (proven and fits) and not said and state <> 10 and not moved
    on conflict do nothing
    returning 1
), waits as (
    insert into waiting (complaint_id, parent, adapter, kind, digest, submission, content, received, at, alarms)
    select $1::uuid, $2::bigint, $4::int, $3::int, $9::bytea, $10::bytea, $11::bytea, $8::timestamptz, clock_timestamp (), $16::boolean
    where not exists (select from parent)
    on conflict do nothing
    returning 1
), waited as (
    delete from waiting w using proof p where w.complaint_id = $1::uuid and not p.moved and p.state <> 10
), looked as (
    select wake (complaint_id, clock_timestamp ()) from good where kind = 3 or revives
)
select (case when not exists (select from parent) then 4
             when exists (select from proof where said) then 1
             when exists (select from proof where moved or state = 10) then 0
             when exists (select from good) then 1 else 3 end)::int as outcome,
       (exists (select from good) or exists (select from kept) or exists (select from waits)) as fresh,
       coalesce ((select receiver from good where not held and kind in (2, 3, 7)), 0)::int as ready,
       exists (select from good where held) as asks,
       (select count (*) from told)::int as told,
       (select count (*) from looked) as done
