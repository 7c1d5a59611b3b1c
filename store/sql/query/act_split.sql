-- Judges and carries out one split: a further matter in a complaint becomes a complaint of its own, with its own number, the
-- same reporter and access code.  Guarded as act_on_complaint.sql.
-- Named for an agency at or below the holder it is assigned there, and read for oversight content aside; else it is returned
-- till a router has decided who has it, the agency named being a hint.  Its resolution is due from the original receipt, its
-- verification from the split (DOMAIN 2.4).
-- Returns as act_on_assignments.sql does; `ready` is who has the part.
--   $1 principal  $2 session  $3 id  $4 agency  $5 the assignment's version  $6 the complaint's, 0: not named  $7 key
--   $8 note  $9 agency that is to have the part, 0: not said  $10 title  $11 body  $12 class  $13 category  $14 region
--   $15 the part's id  $16 the 60 bits of its number  $17 version base  $18 ignore versions  $19 flags that the part's words set
with input as (
    select actor_of ($1::int, $2::bytea) as actor, $3::uuid as id, $4::int as agency, $5::bigint as wants, $6::bigint as complaint_wants,
           $6::bigint <> 0 as above, $7::uuid as key, $9::int as named, $15::uuid as part
), said as (
    select e.kind = 28 and e.agency = i.agency
               and act_says (e, $8::text, jsonb_build_object ('to', nullif (i.named, 0), 'title', $10::text))
               and not exists (select from content t where t.complaint_id = (e.data ->> 'id')::uuid and t.body <> $11::text) as same,
           e.version, (e.data ->> 'id')::uuid as made
    from input i join event e on e.complaint_id = i.id and e.principal = i.actor and e.act_key = i.key
), held as materialized (
    select i.*, c.state as was, c.version as complaint_has, c.events, c.holder, c.flags, c.class, c.category, c.region, c.due_resolve,
           c.received, c.number, c.adapter, c.channel, c.priority, c.language,
           w.agency as subject, w.state, w.version as has, w.leased_by, w.lease_until, w.lead, m.roles as wanted,
           roles_in (i.actor, i.agency, c.flags & 4 <> 0) as roles, b.depth, t.agency_id as target, t.zone as target_zone, t.retired_at,
           n.depth as below, t.zone
    from input i
    join complaint c on c.complaint_id = i.id
    left join agency_above b on b.agency = c.holder and b.above = i.agency
    join assignment w on w.complaint_id = i.id and w.agency = case when i.above then c.holder else i.agency end
    left join step_move m on m.kind = 28 and m.state = c.state
    left join agency t on t.agency_id = i.named
    left join agency_above n on n.agency = i.named and n.above = i.agency
    where i.actor is not null and not exists (select from said)
), judged as (
    select h.*,
           case when h.roles = 0 or (h.above and (coalesce (h.depth, 0) = 0 or h.roles & 32 = 0 or h.flags & 4 <> 0)) then 3
                when case when h.above then complaint_overtaken (h.id, h.complaint_wants, h.complaint_has) else h.has <> h.wants end and not $18::boolean then 1
                when not h.above and h.state = 2 and (h.leased_by <> h.actor or h.lease_until <= clock_timestamp ()) then 1
                when not h.lead then 10
                when h.wanted is null or h.state = 7 then 2
                when h.wanted & h.roles & (case when h.above then 32 else -1 end) = 0 then 13
                when h.named <> 0 and (h.target is null or h.retired_at is not null) then 9
                when h.flags & 4 <> 0 and h.named <> 0 and not exists (
                         select from agency_above u join agency o on o.agency_id = u.above
                         where u.agency = h.named and o.flags ~ '\minspectorate\M') then 9
                else 0 end as fault
    from held h
), good as materialized (
    select j.*, coalesce ($12::smallint, j.class) as new_class, j.below is not null as placed,
           case when j.below is not null then j.named else j.subject end as owner,
           due_at (clock_timestamp (), clock_limit ('verify', coalesce ($12::smallint, j.class), j.subject, j.received), due_zone (j.due_resolve)) as verify_due,
           case when j.below is not null
                then due_at (clock_timestamp (), clock_limit ('first', coalesce ($12::smallint, j.class), j.named, j.received), j.target_zone) end as first_due
    from judged j where j.fault = 0
), record as (
    update complaint c set version = greatest (c.version, $17::bigint) + 1, events = c.events + 1
    from good g
    where c.complaint_id = g.id and c.version = g.complaint_has
    returning c.version
), work as (
    update assignment a set version = greatest (a.version, $17::bigint) + 1
    from good g
    where a.complaint_id = g.id and a.agency = g.subject and not g.above and a.version = g.has and exists (select from record)
    returning a.version
), part as (
    insert into complaint (complaint_id, number, version, received, due_verify, due_first, due_resolve, holder, adapter, category,
                           state, channel, class, priority, rung, confidence, language, flags, region)
    select g.part, $16::bigint, $17::bigint + 1, g.received, case when not g.placed then g.verify_due end, g.first_due,
           due_at (g.received, clock_limit ('resolve', g.new_class, g.owner, g.received), due_zone (g.due_resolve)),
           g.owner, g.adapter, coalesce (nullif ($13::int, 0), g.category), case when g.placed then 4 else 6 end, g.channel, g.new_class,
           g.priority, 6, 0, g.language, flags_tightened (g.flags & 8223, $19::smallint)::smallint, coalesce ($14::text, g.region)
    from good g, record
    returning complaint_id, holder
), words as (
    select content_split (g.id, g.part, $10::text, $11::text) from good g, record
), work_part as (
    insert into assignment (complaint_id, due, version, agency, state, priority, queued)
    select g.part, coalesce (g.first_due, g.verify_due), $17::bigint + 1, g.owner, case when g.placed then 1 else 4 end, g.priority, g.placed
    from good g, record
), waits as (
    insert into returned (complaint_id, event, since, newest, was, aside)
    select g.part, 1, clock_timestamp (), case when g.placed then 1 end, case when g.placed then 4 end, g.placed from good g, record
    where not (g.placed and g.flags & 4 <> 0)
), history as (
    insert into event (complaint_id, at, act_key, version, principal, agency, kind, number, text, data)
    select g.id, clock_timestamp (), g.key, case when g.above then (select version from record) else (select version from work) end,
           g.actor, g.agency, 28, g.events + 1, $8::text,
           jsonb_strip_nulls (jsonb_build_object ('other', number_text ($16::bigint), 'id', g.part, 'to', nullif (g.named, 0), 'title', $10::text,
                                                  'above', case when g.above then true end))
    from good g, record
    union all
    select g.part, clock_timestamp (), g.key, null, g.actor, g.agency, 28, 1, $8::text,
           jsonb_strip_nulls (jsonb_build_object ('other', number_text (g.number), 'of', g.id, 'suggested', nullif (g.named, 0),
                                                  'to', case when g.placed then g.owner end, 'placed', case when g.placed then true end))
    from good g, record
), told as (
    insert into notice (complaint_id, recipient, agency, event, template)
    select g.id, 0, g.agency, g.events + 1, 16 from good g, record where g.flags & 16 <> 0
    returning 1
), looked as (
    select wake (g.part, clock_timestamp ()) from good g
)
select 1::int as ordinal,
       (case when g.id is not null or s.same then 1 else 2 end)::int as verdict,
       (case when g.id is not null then case when exists (select from part) and (g.above or exists (select from work)) then 0 else raced () end
             when s.same then 0
             when s.same is not null then 5
             when i.actor is null and $2::bytea is not null then 14
             else coalesce (j.fault, 3) end)::int as reason,
       coalesce (case when g.above then (select version from record) else (select version from work) end, s.version, 0)::bigint as version,
       coalesce (case when g.placed then g.owner end, 0)::int as ready,
       (select count (*) from told)::int as told,
       coalesce (g.id is not null, false)::int as asks,
       coalesce (s.made, g.part) as made,
       (select count (*) from looked) + (select count (*) from words) as done
from input i
left join said s on true
left join judged j on true
left join good g on true
