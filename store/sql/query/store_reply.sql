-- A reporter's word on a complaint: reply (2), completion (3), rating (4), withdrawal (5).
-- While a hand-back waits for its decision the assignment waits, too; a withdrawal ends every assignment.
-- A reply or completion that may tell of misconduct is held, with what is said behind it, until a router has decided whether
-- the complaint is oversight (decide_hand_back.sql): till then it is returned, unless it is oversight already.  Withdrawn before
-- that nobody is shown them.
-- A reply or completion to an alias goes to its main complaint, and stands in both histories; a rating or withdrawal of
-- one is for reply_to_alias.sql.
-- Returns outcome (1 stored, 3 refused, 4 waiting; 0 for that other one, or again: it was merged or unmerged meanwhile),
-- whether new, the agency that has new work, and whether a router must decide.
--   $1 id  $2 parent number  $3 kind  $4 adapter  $5 code hash  $6 text  $7 rating  $8 received
--   $9 digest  $10 submission  $11 content  $12 version base  $13 whether it may tell of misconduct
with named as materialized (
    select c.complaint_id, x.main, coalesce (t.code_hash = $5::bytea, false) as proven
    from complaint c join content t on t.complaint_id = c.complaint_id
    left join merged x on x.complaint_id = c.complaint_id
    where c.number = $2::bigint
    order by coalesce (t.code_hash = $5::bytea, false) desc, c.complaint_id limit 1
), parent as (
    select c.complaint_id, c.state, c.events, c.holder, c.flags, c.due_first, n.proven, n.complaint_id as alias
    from named n
    join complaint c on c.complaint_id = case when $3::int in (2, 3) then coalesce (n.main, n.complaint_id) else n.complaint_id end
    for update of c
), proof as (
    select p.*, p.alias <> p.complaint_id and alias_main (p.alias) is distinct from p.complaint_id as moved,
           case $3::int when 4 then p.state = 7 when 3 then p.state = 3 or (p.state = 6 and returned_was (p.complaint_id) = 3)
                        else p.state < 7 end as fits,
           exists (select from event e where e.complaint_id = p.complaint_id and e.principal = $4::int and e.act_key = $1::uuid) as said,
           $3::int in (2, 3) and (p.flags & 4 = 0 or p.state = 6) and ($13::boolean or ($3::int = 3 and p.state = 6)) as held,
           case $3::int when 3 then case when exists (select from event e where e.complaint_id = p.complaint_id and e.kind in (16, 17))
                                         then 5 else coalesce ((select (e.data ->> 'from')::smallint from event e
                                                                where e.complaint_id = p.complaint_id and e.kind = 18 and e.data ? 'from'
                                                                order by e.number desc limit 1),
                                                               case when p.due_first is null then 1 else 4 end) end
                        when 5 then 8 else p.state end as becomes
    from parent p
), good as materialized (
    select p.*, case when held then words_hold (complaint_id, events + 1, becomes, nullif (alias, complaint_id))
                     when $3::int = 5 and state = 6 then returned_end (complaint_id) end
    from proof p where proven and fits and not said and not moved
), history as (
    insert into event (complaint_id, at, act_key, principal, agency, kind, number, text, data)
    select complaint_id, clock_timestamp (), $1::uuid, $4::int, null, 30 + $3::int, events + 1, $6::text,
           case when $3::int = 4 then jsonb_build_object ('rating', $7::int) end
    from good
), alias_record as (
    update complaint c set version = greatest (c.version, $12::bigint) + 1, events = c.events + 1
    from good g where c.complaint_id = g.alias and g.alias <> g.complaint_id
    returning c.complaint_id, c.events
), alias_history as (
    insert into event (complaint_id, at, act_key, principal, kind, number, text)
    select complaint_id, clock_timestamp (), $1::uuid, $4::int, 30 + $3::int, events, $6::text from alias_record
), record as (
    update complaint c
    set version = greatest (c.version, $12::bigint) + 1, events = c.events + 1,
        state = case when g.held then 6 else g.becomes end
    from good g where c.complaint_id = g.complaint_id
), work as (
    update assignment a
    set state = case when $3::int = 5 then 7 when a.state in (4, 7) then 1 else a.state end,
        queued = case when $3::int = 5 then false when a.state in (4, 7) then true else a.queued end,
        version = case when $3::int = 5 or a.state in (4, 7) then greatest (a.version, $12::bigint) + 1 else a.version end
    from good g
    where a.complaint_id = g.complaint_id
      and ($3::int = 5 or (a.agency = g.holder and $3::int <> 4 and g.state <> 6 and not g.held))
), kept as (
    insert into refused (complaint_id, parent, adapter, kind, reason, digest, submission, content, received, at)
    select $1::uuid, $2::bigint, $4::int, $3::int, case when proven then 'state' else 'code' end,
           $9::bytea, $10::bytea, $11::bytea, $8::timestamptz, clock_timestamp ()
    from proof where not (proven and fits) and not said and state <> 10 and not moved
    on conflict do nothing
    returning 1
), waits as (
    insert into waiting (complaint_id, parent, adapter, kind, digest, submission, content, received, at, alarms)
    select $1::uuid, $2::bigint, $4::int, $3::int, $9::bytea, $10::bytea, $11::bytea, $8::timestamptz, clock_timestamp (), $13::boolean
    where not exists (select from parent)
    on conflict do nothing
    returning 1
), waited as (
    delete from waiting w using proof p where w.complaint_id = $1::uuid and not p.moved and p.state <> 10
)
select (case when not exists (select from parent) then 4
             when exists (select from proof where said) then 1
             when exists (select from proof where moved or state = 10) then 0
             when exists (select from good) then 1 else 3 end)::int as outcome,
       (exists (select from good) or exists (select from kept) or exists (select from waits)) as fresh,
       coalesce ((select holder from good where not held), 0)::int as ready,
       exists (select from good where held) as asks
