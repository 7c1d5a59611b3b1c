-- Judges and carries out a batch of acts, at most one a complaint: hand-backs, and whatever
-- act_ordinary.sql refused.  The same guard; an act that was carried out before is looked for first.
-- Returns each act's ordinal, verdict (1 done, 2 stale), reason (enum reason), new version, agency
-- that has new work, and whether there is a notice of it in the outbox.
--   $1 to $10 as for act_ordinary.sql  $11 reasons  $12 suggested agencies
with input as (
    select * from unnest ($1::int[], $2::uuid[], $3::int[], $4::bigint[], $5::uuid[], $6::smallint[],
                          $7::text[], $8::bigint[], $11::smallint[], $12::int[]) with ordinality
        as i (principal, id, agency, wants, key, act, text, delay, reason, suggested, ordinal)
), said as (
    select i.ordinal, e.kind = 10 + i.act and e.agency = i.agency as same, e.version
    from input i
    join event e on e.complaint_id = i.id and e.principal = i.principal and e.act_key = i.key
), held as (
    select i.*, a.state, a.version as has, a.leased_by, a.lease_until, a.nacks, a.priority, a.due, a.lead,
           c.state as was, c.version as complaint_has, c.events, c.flags
    from input i
    join principal p on p.principal_id = i.principal and p.revoked_at is null and p.role = 2
    join principal_agency pa on pa.principal_id = i.principal and pa.agency_id = i.agency
    join assignment a on a.complaint_id = i.id and a.agency = i.agency
    join complaint c on c.complaint_id = i.id
    where not exists (select from said s where s.ordinal = i.ordinal)
), judged as (
    select h.*,
           case when h.has <> h.wants and not $10::boolean then 1
                when h.state = 2 and (h.leased_by <> h.principal or h.lease_until <= clock_timestamp ()) then 1
                when h.act = 3 and h.state = 6 and h.was < 7 then 0
                when h.state not in (2, 3, 4) then 2
                when h.act in (1, 2, 3, 4) and h.state <> 2 then 2
                when h.was >= 7 then 2
                when h.act in (6, 7, 8, 9) and h.was in (3, 6) then 2
                when h.act = 9 and n.agency_id is null then 2
                else 0 end as fault,
           n.agency_id as next, h.act in (6, 7, 8, 9) as touches
    from held h
    left join lateral (
        select d.agency_id
        from agency_above u
        join agency d on d.agency_id = case when h.flags & 4 <> 0
                then (select a.overseer from agency a where a.agency_id = u.above) else u.above end
        where h.act = 9 and u.agency = h.agency and d.agency_id <> h.agency and d.retired_at is null
          and (u.depth > 0 or h.flags & 4 <> 0)
          and (h.flags & 4 <> 0 or d.flags ~ '\mdesk\M')
          and not exists (select from event e where e.complaint_id = h.id and e.agency = d.agency_id and e.kind = 19)
        order by u.depth limit 1) n on true
), good as (
    select j.*, case j.act when 1 then 3 when 2 then case when j.nacks >= 9 then 6 else 5 end
                           when 3 then 1 when 4 then 2 when 5 then 6 when 6 then j.state when 9 then 7
                           else 4 end as becomes
    from judged j where j.fault = 0
), record as (
    update complaint c
    set version = greatest (c.version, $9::bigint) + 1, events = c.events + 1,
        state = case when not g.lead then c.state when g.act = 9 then 1
                     when g.act = 8 and c.state <> 5 then 3 else 5 end,
        holder = case when g.act = 9 and g.lead then g.next else c.holder end
    from good g
    where g.touches and c.complaint_id = g.id and c.version = g.complaint_has
    returning c.complaint_id
), moved as (
    update assignment a
    set state = g.becomes, version = greatest (a.version, $9::bigint) + 1,
        queued = g.becomes in (1, 2, 5),
        lease_until = case when g.act in (2, 4) then clock_timestamp () + make_interval (secs => g.delay / 1000.0)
                           when g.act = 6 then a.lease_until end,
        nacks = case when g.act = 3 and g.state = 6 then 0 else a.nacks + (g.act = 2)::int end,
        attempt = a.attempt + (g.act = 3 and g.state = 2)::int
    from good g
    where a.complaint_id = g.id and a.agency = g.agency and a.version = g.has
      and (not g.touches or (g.id in (select complaint_id from record)) = true)
    returning g.*, a.version
), handed as (
    insert into assignment (complaint_id, due, version, agency, state, priority)
    select g.id, g.due, $9::bigint + 1, g.next, 1, g.priority from good g where g.act = 9
    on conflict (complaint_id, agency) do update
        set state = 1, queued = true, version = greatest (assignment.version, $9::bigint) + 1
), history as (
    insert into event (complaint_id, at, act_key, version, principal, agency, kind, number, text, data)
    select id, clock_timestamp (), key, version, principal, agency, 10 + act,
           case when touches then events + 1 end, text,
           case when act = 9 then jsonb_build_object ('reason', reason, 'suggested', suggested, 'to', next) end
    from moved
), told as (
    insert into notice (complaint_id, recipient, agency, event, template)
    select g.id, 0, case when g.act = 9 then g.next else g.agency end, g.events + 1,
           case g.act when 6 then 3 when 7 then 4 when 8 then 5 else 2 end
    from good g where g.touches and g.flags & 16 <> 0
), sealed as (
    insert into audit_digest (at, kind, count, digest)
    select clock_timestamp (), 3, count (*),
           sha256 (array_send (array_agg (g.id order by g.id)) || array_send (array_agg (g.principal order by g.id)) ||
                   array_send (array_agg (g.key order by g.id)) || array_send (array_agg (g.act order by g.id)))
    from good g having count (*) > 0
)
select i.ordinal::int as ordinal,
       (case when m.ordinal is not null or s.same then 1 else 2 end)::int as verdict,
       (case when m.ordinal is not null or s.same then 0
             when s.ordinal is not null then 5
             when j.ordinal is null then 3
             when j.fault = 0 then raced ()
             else j.fault end)::int as reason,
       coalesce (m.version, s.version, 0)::bigint as version,
       (case when m.ordinal is not null and j.act = 9 then j.next
             when m.ordinal is not null and j.act = 3 then j.agency else 0 end)::int as ready,
       (case when m.ordinal is not null and j.touches and j.flags & 16 <> 0 then 1 else 0 end)::int as told
from input i
left join said s on s.ordinal = i.ordinal
left join judged j on j.ordinal = i.ordinal
left join moved m on m.ordinal = i.ordinal
order by i.ordinal
