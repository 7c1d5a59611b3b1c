-- Judges and carries out a batch of acts, at most one a complaint: hand-backs, assigns and supports, those of people, and
-- whatever act_ordinary.sql refused.  The same guard; an act that was carried out before is looked for first.
--
-- Who acts is a worker, or the person whose session a front names; his roles in the agency must allow the step in the
-- complaint's state (step_move).  A liaison whose agency names an approver only drafts, and closes where it lets him.
-- A coordinator above the holder assigns and closes by the complaint's version instead of its assignment's.
-- What an agency says on a complaint that was never placed takes it on first: its first answer's clock starts, and stops.
--
-- A lead's hand-back leaves the complaint returned and its assignment waiting, with a row in `returned`, until a router has
-- decided (decide_hand_back.sql).  An oversight complaint goes at once, to the next inspectorate above that has not given it
-- back, or to that one further above that the asker names (it knows who is accused), and to nobody else.
-- An inspectorate that has one may say that it is none (reason 6): that is no hand-back (an event of its own kind, 54), and
-- waits for a router's decision, too.
-- An assign goes below its holder, and an oversight complaint only to inspectorates and below them; the arbiter's may
-- go to himself, too, and binds, as does one to an agency that gave it back: that needs words.
--
-- Returns each act's ordinal, verdict (1 done, 2 stale), reason (enum reason), new version, agency
-- that has new work, whether there is a notice of it in the outbox, and whether a router must decide.
--   $1 to $11 as for act_ordinary.sql  $12 reasons (enum hand_back)  $13 the agencies that are named
--   $14 sessions  $15 the complaints' versions, 0: not named  $16 whether the words are for the reporter alone
--   $17 attachments  $18 what is missing  $19 the ordinals of $20 the agencies that are informed  $21 whether the words are held from the public
with input as (
    select i.*, actor_of (i.principal, i.session) as actor, i.complaint_wants <> 0 as above
    from unnest ($1::int[], $2::uuid[], $3::int[], $4::bigint[], $5::uuid[], $6::smallint[],
                 $7::text[], $8::bigint[], $11::smallint[], $12::smallint[], $13::int[], $14::bytea[], $15::bigint[],
                 $16::boolean[], $17::bytea[], $18::smallint[], $21::boolean[]) with ordinality
        as i (principal, id, agency, wants, key, act, text, delay, resolution, reason, named, session, complaint_wants,
              private, attachments, asks, holds, ordinal)
), said as (
    select i.ordinal, e.version,
           (e.kind = 10 + i.act or (e.kind = 54 and i.act = 9)) and e.agency = i.agency
               and act_says (e, i.text, case i.act when 9 then jsonb_build_object ('reason', i.reason, 'suggested', nullif (i.named, 0),
                                                                                   'attachments', encode (i.attachments, 'hex'))
                                                   when 10 then jsonb_build_object ('to', i.named, 'attachments', encode (i.attachments, 'hex'))
                                                   when 11 then jsonb_build_object ('to', i.named, 'attachments', encode (i.attachments, 'hex'))
                                                   when 12 then jsonb_build_object ('reason', i.resolution, 'attachments', encode (i.attachments, 'hex'))
                                                   else jsonb_build_object ('asks', case when i.act = 8 then nullif (i.asks, 0) end,
                                                                            'private', case when i.private then true end,
                                                                            'attachments', encode (i.attachments, 'hex')) end) as same
    from input i
    join event e on e.complaint_id = i.id and e.principal = i.actor and e.act_key = i.key
), held as materialized (
    select i.*, a.agency as subject, a.state, a.version as has, a.leased_by, a.lease_until, a.nacks, a.priority, a.due, a.lead, a.bond,
           c.state as was, c.version as complaint_has, c.events, c.flags, c.due_first, c.class, c.due_resolve, c.received,
           r.refusers, b.depth as below, i.act = 9 and i.reason = 6 as clears, s.roles, m.kind is not null as moves, m.roles as wanted,
           o.approver, o.liaison_closes
    from input i
    join complaint c on c.complaint_id = i.id
    join assignment a on a.complaint_id = i.id and a.agency = case when i.above then c.holder else i.agency end
    join agency o on o.agency_id = a.agency
    cross join lateral (select roles_in (i.actor, i.agency, c.flags & 4 <> 0) as roles) s
    left join agency_above b on b.agency = i.named and b.above = i.agency
    left join step_move m on m.kind = 10 + i.act and m.state = c.state
    cross join lateral (select array_agg (e.agency) as refusers from event e
                        where e.complaint_id = i.id and e.kind = 19 and e.number is not null) r
    where not exists (select from said s where s.ordinal = i.ordinal) and s.roles <> 0
      and (not i.above or (s.roles & 32 <> 0 and c.flags & 4 = 0
                           and exists (select from agency_above u where u.agency = c.holder and u.above = i.agency and u.depth > 0)))
), judged as (
    select h.*, n.agency_id as next,
           h.act in (6, 7, 8, 10, 12) or (h.act = 9 and h.lead) as touches,
           h.bond = 1 or h.named = any (h.refusers) as binds,
           h.subject = case h.act when 9 then n.agency_id when 10 then h.named end as kept,
           case when case when h.above then complaint_overtaken (h.id, h.complaint_wants, h.complaint_has) else h.has <> h.wants end and not $10::boolean then 1
                when h.state = 2 and not h.above and (h.leased_by <> h.actor or h.lease_until <= clock_timestamp ()) then 1
                when h.above and h.act not in (10, 12) then 13
                when h.was >= 7 and (h.lead or h.was > 7 or h.act = 8) then 2
                when h.act = 3 and h.state = 6 then 0
                when h.state not in (2, 3, 4) and not (h.above and h.state <> 7) then 2
                when h.act in (1, 2, 3, 4) and h.state <> 2 then 2
                when (h.act in (10, 11, 12) or h.clears) and not h.lead then 10
                when h.act = 9 and h.lead and h.bond <> 0 then 8
                when h.act in (6, 7, 8, 9) and h.lead and h.was in (3, 6) then 2
                when h.act = 12 and h.was <> 5 then 2
                when h.act = 10 and (h.was = 3 or (h.was = 6 and (h.bond <> 1 or returned_was (h.id) = 6))) then 2
                when h.lead and not h.moves then 2
                when h.roles & case when h.moves then h.wanted else -1 end & case when h.above then 32 else -1 end = 0 then 13
                when h.roles & 100 = 0 and ((h.act in (6, 7, 8) and h.lead and h.approver <> h.actor) or (h.act = 12 and not h.liaison_closes)) then 13
                when h.clears and (h.flags & 4 = 0 or not exists (select from agency o where o.agency_id = h.agency
                                                                                         and o.flags ~ '\minspectorate\M')) then 2
                when h.act = 9 and (h.below is not null or (h.named <> 0 and t.agency_id is null)) then 9
                when h.act = 9 and h.lead and h.flags & 4 <> 0 and not h.clears and n.agency_id is null then 2
                when h.act in (10, 11) and (t.agency_id is null or t.retired_at is not null) then 9
                when h.act in (10, 11) and h.flags & 4 <> 0 and not exists (
                         select from agency_above u join agency o on o.agency_id = u.above
                         where u.agency = h.named and o.flags ~ '\minspectorate\M') then 9
                when h.act = 10 and (h.below is null or (h.below = 0 and (h.bond <> 1 or h.above)) or (h.above and h.named = h.subject)) then 9
                when h.act = 10 and h.named = any (h.refusers) and coalesce (h.text, '') = '' then 4
                when h.act = 11 and exists (select from assignment o where o.complaint_id = h.id and o.agency = h.named and o.state <> 7) then 9
                else 0 end as fault,
           case when h.due_first is null and h.lead and h.act in (6, 7, 10)
                then due_at (clock_timestamp (), clock_limit ('first', h.class, case h.act when 10 then h.named else h.subject end, h.received),
                             case h.act when 10 then t.zone else due_zone (h.due_resolve) end) end as starts
    from held h
    left join agency t on t.agency_id = h.named
    left join lateral (
        with recursive over (agency_id) as (
            select h.agency where h.act = 9 and h.lead and h.flags & 4 <> 0 and not h.clears
            union
            select a.overseer from over o join agency_above u on u.agency = o.agency_id join agency a on a.agency_id = u.above)
        select d.agency_id
        from over o join agency d on d.agency_id = o.agency_id
        where d.agency_id <> h.agency and (h.refusers is null or d.agency_id <> all (h.refusers))
        order by d.agency_id = h.named desc, d.parent is null, length (d.region) desc nulls last,
                 (select max (u.depth) from agency_above u where u.agency = d.agency_id) desc, d.agency_id
        limit 1) n on true
), good as (
    select j.*, case j.act when 1 then 3 when 2 then case when j.nacks >= 9 then 6 else 5 end
                           when 3 then 1 when 4 then 2 when 5 then 6 when 6 then j.state when 11 then j.state
                           when 9 then case when j.kept then 1 when j.lead and j.next is null then 4 else 7 end
                           when 10 then case when j.kept then 3 else 7 end
                           when 12 then 7 else 4 end as becomes,
           case j.act when 9 then nullif (j.next, j.subject) when 10 then nullif (j.named, j.subject) when 11 then j.named end as receiver,
           case when j.act = 10 and j.binds then 2 else 0 end as gives,
           case when j.starts is not null then priority_placed (j.flags, j.priority) else j.priority end as ranks
    from judged j where j.fault = 0
), record as (
    update complaint c
    set version = greatest (c.version, $9::bigint) + 1, events = c.events + 1,
        state = case when not g.lead then c.state
                     when g.act = 9 then case when g.next is not null then 4 else 6 end
                     when g.act = 10 then case when c.state = 5 then 5 else 4 end
                     when g.act = 12 then 7
                     when g.act = 8 and c.state <> 5 then 3 else 5 end,
        flags = case when g.holds then (c.flags | 2048)::smallint else c.flags end,
        holder = case when g.lead and g.act in (9, 10) then coalesce (g.receiver, c.holder) else c.holder end,
        due_first = coalesce (c.due_first, g.starts), due_verify = case when g.starts is null then c.due_verify end,
        priority = case when g.starts is not null then priority_placed (c.flags, c.priority) else c.priority end
    from good g
    where g.touches and c.complaint_id = g.id and c.version = g.complaint_has
    returning c.complaint_id
), moved as (
    update assignment a
    set state = g.becomes, version = greatest (a.version, $9::bigint) + 1, priority = g.ranks,
        queued = g.becomes in (1, 2, 5),
        lease_until = case when g.act in (2, 4) then clock_timestamp () + make_interval (secs => g.delay / 1000.0)
                           when g.act in (6, 11) then a.lease_until end,
        nacks = case when g.act = 3 and g.state = 6 then 0 else a.nacks + (g.act = 2)::int end,
        attempt = a.attempt + (g.act = 3 and g.state = 2)::int,
        bond = case when g.kept then g.gives else a.bond end,
        left_at = case when g.becomes = 7 and g.act in (9, 10) then clock_timestamp () end
    from good g
    where a.complaint_id = g.id and a.agency = g.subject and a.version = g.has
      and (not g.touches or (g.id in (select complaint_id from record)) = true)
    returning g.*, a.version
), handed as (
    insert into assignment as a (complaint_id, due, version, agency, state, priority, lead, bond)
    select g.id, coalesce (g.starts, g.due), $9::bigint + 1, g.receiver, 1, g.ranks, g.act <> 11, g.gives
    from good g where g.receiver is not null
    on conflict (complaint_id, agency) do update
        set state = 1, queued = true, version = greatest (a.version, $9::bigint) + 1, lead = excluded.lead,
            bond = excluded.bond, due = excluded.due, priority = excluded.priority, leased_by = null, lease_until = null, nacks = 0, attempt = 0, left_at = null
), returns as (
    insert into returned as r (complaint_id, event, since)
    select id, events + 1, clock_timestamp () from good where act = 9 and lead and next is null
    on conflict (complaint_id) do update set event = excluded.event, since = excluded.since, newest = null, was = null, aside = false
    where r.aside
), copied as (
    insert into informed (complaint_id, agency)
    select g.id, u.agency
    from unnest ($19::int[], $20::int[]) u (ordinal, agency)
    join good g on g.ordinal = u.ordinal and g.act = 10 and g.flags & 4 = 0
    join agency o on o.agency_id = u.agency and o.retired_at is null
    on conflict do nothing
), history as (
    insert into event (complaint_id, at, act_key, version, principal, agency, kind, number, text, data)
    select id, clock_timestamp (), key, case when above then greatest (complaint_has, $9::bigint) + 1 else version end, actor, agency,
           case when clears then 54 else 10 + act end, case when touches then events + 1 end, text,
           case act when 9 then jsonb_strip_nulls (jsonb_build_object ('reason', reason, 'suggested', nullif (named, 0), 'to', next,
                                                                       'attachments', encode (attachments, 'hex')))
                    when 10 then jsonb_strip_nulls (jsonb_build_object ('to', named, 'binds', case when binds then true end,
                                                                        'from', nullif (subject, agency),
                                                                        'above', case when above then true end,
                                                                        'placed', case when starts is not null then true end,
                                                                        'attachments', encode (attachments, 'hex')))
                    when 11 then jsonb_strip_nulls (jsonb_build_object ('to', named, 'attachments', encode (attachments, 'hex')))
                    when 12 then jsonb_strip_nulls (jsonb_build_object ('reason', resolution, 'above', case when above then true end,
                                                                        'attachments', encode (attachments, 'hex')))
                    else nullif (jsonb_strip_nulls (jsonb_build_object (
                             'from', case when act = 8 and lead and was <> 5 then was end,
                             'support', case when act in (6, 7, 8) and not lead then true end,
                             'asks', case when act = 8 then nullif (asks, 0) end,
                             'placed', case when starts is not null then true end,
                             'private', case when private then true end,
                             'attachments', encode (attachments, 'hex'))), '{}') end
    from moved
), told as (
    insert into notice (complaint_id, recipient, agency, event, template)
    select g.id, 0, case when g.act in (9, 10) then g.receiver else g.agency end, g.events + 1,
           case g.act when 12 then 6 when 9 then 2 when 10 then 2 else g.act - 3 end
    from good g where g.touches and g.flags & 16 <> 0 and (g.act not in (9, 10) or g.receiver is not null)
    returning complaint_id
)
select i.ordinal::int as ordinal,
       (case when m.ordinal is not null or s.same then 1 else 2 end)::int as verdict,
       (case when m.ordinal is not null or s.same then 0
             when s.ordinal is not null then 5
             when i.session is not null and i.actor is null then 14
             when j.ordinal is null then 3
             when j.fault = 0 then raced ()
             else j.fault end)::int as reason,
       coalesce (case when m.above then greatest (m.complaint_has, $9::bigint) + 1 else m.version end, s.version, 0)::bigint as version,
       (case when m.receiver is not null then m.receiver
             when m.act = 3 or (m.act = 9 and m.kept) then m.subject else 0 end)::int as ready,
       (select count (*) from told t where t.complaint_id = m.id)::int as told,
       (m.act = 9 and m.lead and m.next is null)::int as asks
from input i
left join said s on s.ordinal = i.ordinal
left join judged j on j.ordinal = i.ordinal
left join moved m on m.ordinal = i.ordinal
order by i.ordinal
