-- Decides about a complaint that is returned as a router said; $3 may be one that cannot have it: retired, or it gave the
-- complaint back.  Then its successor has it, else the next coordinator above it, above the asker, the root; of an
-- oversight complaint the next inspectorate instead of each of them.  Where all of them gave it back the root has it
-- as its arbiter.  Of what turns out to be oversight nobody but inspectorates keeps anything.  Clocks stand, but for
-- one that was never placed and is now: its first answer is due from here on; and a new class moves the resolution's end, from
-- its old start.
--
-- The third hand-back, unless it turns out to be oversight, is its arbiter's: the coordinator of the lowest common ancestor of
-- asker and suggested agency, without a suggestion of all who gave it back; where that one has given it back itself the next
-- above, at last the root.
-- What an inspectorate says is no oversight stays secret, and loses the class, too, unless the router has another.
-- Words that may tell of misconduct, and do not: the complaint is what it was, and its holder gets them as any others.
-- What staff set right is read again while the complaint goes on (aside): it moves, or nothing happens.  One that waits for
-- its reporter waits for him where it goes, too.  A part that was split
-- off waits here for its first holder.
--
-- No row: it is not returned any more, or something came since the router was asked.  Else who has it, whether a notice is
-- in the outbox, and whether it has moved.
--   $1 id  $2 number of the hand-back or the last words  $3 agency  $4 rung  $5 confidence  $6 class  $7 flags to set (2, 4)
--   $8 region  $9 rules  $10 registry  $11 the decision record  $12 function  $13 version base
with asked as materialized (
    select c.complaint_id, c.version, c.events, c.holder as asker, c.due_first, c.due_resolve, c.region, c.class, c.received, r.event, r.newest, r.was, r.aside, c.state = 3 or coalesce (r.was = 3, false) as rests, a.due, a.priority,
           e.kind, e.data, f.flags, f.flags & 4 = 0 and r.was is not null and (r.aside or e.kind in (23, 25, 32, 33, 37)) as stays,
           e.kind = 19 and f.flags & 4 = 0 and cardinality (g.refusers) >= 3 as third, g.refusers
    from returned r
    join complaint c on c.complaint_id = r.complaint_id and (c.state = 6 or (r.aside and c.state < 7))
    join assignment a on a.complaint_id = r.complaint_id and a.agency = c.holder and a.lead
    join event e on e.complaint_id = r.complaint_id and e.number = r.event
    cross join lateral (select case when e.kind <> 54 then flags_tightened (c.flags, $7::int)
                                     when r.newest is null then flags_tightened (c.flags & ~4, 2)
                                     else flags_tightened (c.flags & ~4, 2 | $7::int) end::smallint as flags) f
    cross join lateral (select coalesce (array_agg (h.agency), '{}') as refusers from event h
                        where h.complaint_id = r.complaint_id and h.kind = 19 and h.number is not null) g
    where r.complaint_id = $1::uuid and coalesce (r.newest, r.event) = $2::int::smallint
), candidate as (
    select 1 as nth, 0 as depth, a.agency_id, $4::int::smallint as rung, a.zone, false as arbiter
    from agency a where a.agency_id = $3::int and a.retired_at is null
    union all
    select 2, 0, s.agency_id, $4::int::smallint, s.zone, false
    from agency a join agency s on s.agency_id = a.successor and s.retired_at is null where a.agency_id = $3::int
    union all
    select case when u.agency = $3::int then 3 else 4 end, u.depth, d.agency_id, (case when q.flags & 4 <> 0 then 0 else 5 end)::smallint, d.zone, false
    from asked q
    join agency_above u on u.agency in ($3::int, q.asker)
    join agency d on d.retired_at is null and d.agency_id =
         case when q.flags & 4 <> 0 then (select a.overseer from agency a where a.agency_id = u.above) else u.above end
    where q.flags & 4 <> 0 or d.flags ~ '\mdesk\M'
    union all
    (select 5, 0, agency_id, (case when q.flags & 4 <> 0 then 0 else 6 end)::smallint, zone, false
     from agency, asked q where parent is null order by agency_id limit 1)
    union all
    select 0, u.depth, d.agency_id, 6, d.zone, true
    from asked q
    join agency_above u on u.agency = q.asker
    join agency d on d.agency_id = u.above and d.retired_at is null and d.flags ~ '\mdesk\M'
    where q.third
      and not exists (select from unnest (case when q.data ? 'suggested' then array [(q.data ->> 'suggested')::int] else q.refusers end) o (agency)
                      where not exists (select from agency_above v where v.agency = o.agency and v.above = d.agency_id))
), chosen as materialized (
    select q.*, n.agency_id as receiver, n.rung, n.arbiter, case when n.arbiter then 6 when q.rests then 3 when n.rung <= 4 then 4 else 1 end as state,
           case when n.rung <= 4 and not n.arbiter and q.due_first is null
                then due_at (clock_timestamp (), clock_limit ('first', q.class, n.agency_id, q.received), n.zone) end as starts
    from asked q
    cross join lateral (
        select * from (
            (select nth, depth, agency_id, rung, zone, arbiter from candidate n
             where n.agency_id <> all (q.refusers) and n.arbiter = q.third and (q.kind <> 54 or q.flags & 4 <> 0 or n.agency_id <> q.asker)
             order by nth, depth limit 1)
            union all
            (select 6, 0, agency_id, 6::smallint, zone, true from agency where parent is null order by agency_id limit 1)) o
        order by nth limit 1) n
    where not q.stays
), meant as materialized (
    select n.*, case when n.new_class is distinct from n.class then due_resolve_as (n.complaint_id, n.new_class) else n.due_resolve end as new_due
    from (select q.*, case when q.kind = 54 and q.flags & 4 = 0 then nullif ($6::int::smallint, 3) else coalesce ($6::int::smallint, q.class) end as new_class
          from chosen q) n
), record as (
    update complaint c
    set version = greatest (c.version, $13::bigint) + 1, events = c.events + 1, state = q.state, holder = q.receiver,
        rung = q.rung, confidence = case when q.receiver = $3::int then $5::int::smallint else 0 end,
        class = q.new_class, due_resolve = q.new_due,
        flags = q.flags, region = coalesce ($8::text, c.region), rules = $9::int, registry = $10::int,
        due_first = coalesce (c.due_first, q.starts), due_verify = case when q.starts is null then c.due_verify end
    from meant q
    where c.complaint_id = q.complaint_id and c.version = q.version
    returning c.complaint_id
), stayed as (
    update complaint c set version = greatest (c.version, $13::bigint) + 1, state = q.was
    from asked q
    where q.stays and not q.aside and c.complaint_id = q.complaint_id and c.version = q.version
    returning c.complaint_id
), heard as (
    update assignment a set state = 1, queued = true, version = greatest (a.version, $13::bigint) + 1
    from asked q
    where q.stays and not q.aside and q.was <> 6 and a.complaint_id = q.complaint_id and a.agency = q.asker and a.state in (4, 7)
), said as (
    update content t set place = coalesce (q.region, '')
    from chosen q
    where t.complaint_id = q.complaint_id and t.place is null and q.region is distinct from coalesce ($8::text, q.region)
), left_behind as (
    update assignment a set state = 7, queued = false, version = greatest (a.version, $13::bigint) + 1, left_at = clock_timestamp ()
    from chosen q
    where a.complaint_id = q.complaint_id and a.agency <> q.receiver
      and (a.agency = q.asker or
           (q.flags & 4 <> 0 and a.state <> 7 and not exists (
                select from agency_above u join agency o on o.agency_id = u.above
                where u.agency = a.agency and o.flags ~ '\minspectorate\M')))
), uninformed as (
    delete from informed i using chosen q where i.complaint_id = q.complaint_id and q.flags & 4 <> 0
), handed as (
    insert into assignment as a (complaint_id, due, version, agency, state, priority, bond, queued)
    select complaint_id, coalesce (starts, due), $13::bigint + 1, receiver, case when rests then 4 else 1 end, priority, arbiter::int, not rests from chosen
    on conflict (complaint_id, agency) do update
        set state = excluded.state, queued = excluded.queued, version = greatest (a.version, $13::bigint) + 1, lead = true, bond = excluded.bond,
            due = excluded.due, leased_by = null, lease_until = null, nacks = 0, attempt = 0, left_at = null
), decided as (
    -- the row as it was read: nothing else holds a hand-back back that comes while what is aside is judged
    delete from returned r using asked q
    where (r.complaint_id = q.complaint_id and r.event = q.event and r.newest is not distinct from q.newest and r.aside = q.aside)
       or (q.stays and r.complaint_id in (select x.complaint_id from merged x where x.main = q.complaint_id))
), history as (
    insert into event (complaint_id, at, act_key, principal, agency, kind, number, data)
    select complaint_id, clock_timestamp (), lpad (to_hex (event::int), 32, '0')::uuid, 0, receiver, 2, events + 1,
           jsonb_strip_nulls (jsonb_build_object (
               'of', event, 'from', asker, 'to', receiver, 'reason', data -> 'reason', 'suggested', data -> 'suggested',
               'decided', nullif ($3::int, 0), 'rung', rung, 'confidence', $5::int, 'function', nullif ($12::int, 0),
               'rules', $9::int, 'registry', $10::int, 'arbiter', case when arbiter then true end,
               'words', case when kind in (32, 33, 37) then true end,
               'placed', case when starts is not null then true end, 'record', $11::text::jsonb))
    from chosen
), told as (
    insert into notice (complaint_id, recipient, agency, event, template)
    select complaint_id, 0, receiver, events + 1, 2 from chosen where flags & 16 <> 0
)
select case when exists (select from record) then q.receiver else raced () end as receiver, (q.flags & 16 <> 0)::int as told, true as moved
from chosen q
union all
select case when q.aside then 0 when exists (select from stayed) then q.asker else raced () end, 0, false
from asked q where q.stays
