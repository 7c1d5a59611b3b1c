-- Places a returned complaint as a router decided; $3 may be one that cannot have it: retired, or it gave the
-- complaint back.  Then its successor has it, else the next coordinator above it, above the asker, the root; of an
-- oversight complaint the next inspectorate instead of each of them.  Where all of them gave it back the root has it
-- as its arbiter.  Of what turns out to be oversight nobody but inspectorates keeps anything.  Clocks stand, but for
-- one that was never placed and is now: its first answer is due from here on.
-- No row: it is not returned any more, or by another hand-back.  Else who has it and whether a notice is in the outbox.
--   $1 id  $2 number of the hand-back  $3 agency  $4 rung  $5 confidence  $6 class  $7 flags to set (2, 4)
--   $8 region  $9 rules  $10 registry  $11 the decision record  $12 function  $13 version base
with asked as materialized (
    select c.complaint_id, c.version, c.events, c.holder as asker, c.flags | $7::int::smallint as flags, c.due_first, c.region,
           r.event, a.due, a.priority, e.data
    from returned r
    join complaint c on c.complaint_id = r.complaint_id and c.state = 6
    join assignment a on a.complaint_id = r.complaint_id and a.agency = c.holder and a.lead
    join event e on e.complaint_id = r.complaint_id and e.kind = 19 and e.number = r.event
    where r.complaint_id = $1::uuid and r.event = $2::int::smallint
), candidate as (
    select 1 as nth, 0 as depth, a.agency_id, $4::int::smallint as rung, a.zone
    from agency a where a.agency_id = $3::int and a.retired_at is null
    union all
    select 2, 0, s.agency_id, $4::int::smallint, s.zone
    from agency a join agency s on s.agency_id = a.successor and s.retired_at is null where a.agency_id = $3::int
    union all
    select case when u.agency = $3::int then 3 else 4 end, u.depth, d.agency_id, (case when q.flags & 4 <> 0 then 0 else 5 end)::smallint, d.zone
    from asked q
    join agency_above u on u.agency in ($3::int, q.asker)
    join agency d on d.retired_at is null and d.agency_id =
         case when q.flags & 4 <> 0 then (select a.overseer from agency a where a.agency_id = u.above) else u.above end
    where q.flags & 4 <> 0 or d.flags ~ '\mdesk\M'
    union all
    (select 5, 0, agency_id, (case when q.flags & 4 <> 0 then 0 else 6 end)::smallint, zone
     from agency, asked q where parent is null order by agency_id limit 1)
), chosen as materialized (
    select q.*, n.agency_id as receiver, n.rung, n.arbiter, case when n.arbiter then 6 when n.rung <= 4 then 4 else 1 end as state,
           case when n.rung <= 4 and not n.arbiter and q.due_first is null
                then due_at (clock_timestamp (), (select days::int from limit_rule where clock = 'first' and class = 0), n.zone) end as starts
    from asked q
    cross join lateral (
        select * from (
            (select nth, depth, agency_id, rung, zone, false as arbiter from candidate n
             where not exists (select from event e where e.complaint_id = q.complaint_id and e.kind = 19 and e.number is not null
                                                      and e.agency = n.agency_id)
             order by nth, depth limit 1)
            union all
            (select 6, 0, agency_id, 6::smallint, zone, true from agency where parent is null order by agency_id limit 1)) o
        order by nth limit 1) n
), record as (
    update complaint c
    set version = greatest (c.version, $13::bigint) + 1, events = c.events + 1, state = q.state, holder = q.receiver,
        rung = q.rung, confidence = case when q.receiver = $3::int then $5::int::smallint else 0 end,
        class = coalesce ($6::int::smallint, c.class), flags = q.flags, region = coalesce ($8::text, c.region),
        rules = $9::int, registry = $10::int,
        due_first = coalesce (c.due_first, q.starts), due_verify = case when q.starts is null then c.due_verify end
    from chosen q
    where c.complaint_id = q.complaint_id and c.version = q.version
    returning c.complaint_id
), said as (
    update content t set place = coalesce (q.region, '')
    from chosen q
    where t.complaint_id = q.complaint_id and t.place is null and q.region is distinct from coalesce ($8::text, q.region)
), left_behind as (
    update assignment a set state = 7, queued = false, version = greatest (a.version, $13::bigint) + 1
    from chosen q
    where a.complaint_id = q.complaint_id and a.agency <> q.receiver
      and (a.agency = q.asker or
           (q.flags & 4 <> 0 and a.state <> 7 and not exists (
                select from agency_above u join agency o on o.agency_id = u.above
                where u.agency = a.agency and o.flags ~ '\minspectorate\M')))
), uninformed as (
    delete from informed i using chosen q where i.complaint_id = q.complaint_id and q.flags & 4 <> 0
), handed as (
    insert into assignment as a (complaint_id, due, version, agency, state, priority, bond)
    select complaint_id, coalesce (starts, due), $13::bigint + 1, receiver, 1, priority, arbiter::int from chosen
    on conflict (complaint_id, agency) do update
        set state = 1, queued = true, version = greatest (a.version, $13::bigint) + 1, lead = true, bond = excluded.bond,
            due = excluded.due, leased_by = null, lease_until = null, nacks = 0, attempt = 0
), decided as (
    delete from returned r using chosen q where r.complaint_id = q.complaint_id
), history as (
    insert into event (complaint_id, at, act_key, principal, agency, kind, number, data)
    select complaint_id, clock_timestamp (), lpad (to_hex (event::int), 32, '0')::uuid, 0, receiver, 2, events + 1,
           jsonb_strip_nulls (jsonb_build_object (
               'of', event, 'from', asker, 'to', receiver, 'reason', data -> 'reason', 'suggested', data -> 'suggested',
               'decided', nullif ($3::int, 0), 'rung', rung, 'confidence', $5::int, 'function', nullif ($12::int, 0),
               'rules', $9::int, 'registry', $10::int, 'arbiter', case when arbiter then true end,
               'placed', case when starts is not null then true end, 'record', $11::text::jsonb))
    from chosen
), told as (
    insert into notice (complaint_id, recipient, agency, event, template)
    select complaint_id, 0, receiver, events + 1, 2 from chosen where flags & 16 <> 0
), sealed as (
    insert into audit_digest (at, kind, count, digest)
    select clock_timestamp (), 6, 1, sha256 (uuid_send (complaint_id) || int4send (receiver)) from chosen
)
select case when exists (select from record) then q.receiver else raced () end as receiver, (q.flags & 16 <> 0)::int as told
from chosen q
