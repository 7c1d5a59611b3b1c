-- Leases work for all PULLs of a turn; no two of them name the same agency.  What is ready, or whose
-- lease or delay has run out by this clock, by priority, then due time.  Nothing is locked to look at
-- it; what an act has changed meanwhile has another version, and stays out.  Each agency gives about
-- twice its even share at first, so that a long queue does not starve the others of the same PULL; where
-- that does not fill it, long queues give the rest.  Emergencies come whatever the share.
-- Returns what was leased, with its part (enum part; null: the lead); and, without id, agencies that have, or may have, work left; attempt is 1 there
-- for a row that was seen, and is left, for want of count.  What a complaint
-- says is not looked for here: most of it the store has still (words.c).
--   $1 pull numbers and $2 agencies, a pair each  $3 counts and $4 lease ms, by pull number from 1
--   $5 principals, by pull number  $6 version base
with workers as materialized (
    select array_agg (p.principal_id is not null order by u.pull) as known
    from unnest ($5::int[]) with ordinality u (principal, pull)
    left join principal p on p.principal_id = u.principal and p.revoked_at is null and p.role = 2
), asked as materialized (
    select w.pull, w.agency, w.count,
           least (w.count + 1, 1 + 2 * w.count / count (*) over (partition by w.pull)) as share,
           pa.agency_id is not null and (select known from workers)[w.pull] as may
    from (select pull, agency, ($3::int[])[pull] as count
          from unnest ($1::int[], $2::int[]) as u (pull, agency)) w
    left join principal_agency pa on pa.principal_id = ($5::int[])[w.pull] and pa.agency_id = w.agency
), shares as materialized (
    select w.pull, w.agency, w.count, w.share, a.*
    from asked w
    cross join lateral (
        select q.ctid as at, q.complaint_id, q.priority, q.due, q.version as has,
               row_number () over (order by q.priority, q.due, q.complaint_id) as nth
        from assignment q
        where q.agency = w.agency and q.queued
          and (q.state = 1 or q.lease_until <= clock_timestamp ())
        order by q.priority, q.due, q.complaint_id
        limit w.share) a
    where w.may
), lacking as (
    select pull, count - count (*) as rows from shares group by pull, count having count (*) < count
), rest as (
    select s.pull, s.agency, s.count, a.at, a.complaint_id, a.priority, a.due, a.has, a.nth > m.rows as more
    from shares s
    left join lacking l on l.pull = s.pull
    cross join lateral (
        select greatest (l.rows, case when s.priority = 1 then s.count - s.share end) as rows) m
    cross join lateral (
        select q.ctid as at, q.complaint_id, q.priority, q.due, q.version as has,
               row_number () over (order by q.priority, q.due, q.complaint_id) - s.share as nth
        from assignment q
        where q.agency = s.agency and q.queued
          and (q.state = 1 or q.lease_until <= clock_timestamp ())
        order by q.priority, q.due, q.complaint_id
        offset s.share limit m.rows + 1) a
    where s.nth = s.share and m.rows > 0
), found as (
    select pull, agency, count, at, has, more,
           row_number () over (partition by pull order by priority, due, complaint_id) as place
    from (select pull, agency, count, at, complaint_id, priority, due, has, nth = share as more from shares
          union all
          select * from rest) f
), leased as (
    update assignment a
    set state = 2, version = greatest (a.version, $6::bigint) + 1, leased_by = ($5::int[])[f.pull],
        lease_until = clock_timestamp () + make_interval (secs => ($4::int[])[f.pull] / 1000.0),
        attempt = a.attempt + (a.state = 2)::int
    from found f
    where f.place <= f.count and a.ctid = f.at and a.version = f.has
    returning f.pull, a.complaint_id, a.agency, a.version, a.attempt, a.priority, a.lead, a.bond
), sealed as (
    insert into audit_digest (at, kind, count, digest)
    select clock_timestamp (), 2, count (*),
           sha256 (array_send (array_agg (complaint_id order by complaint_id)) || array_send (array_agg (version order by complaint_id)))
    from leased having count (*) > 0
)
select l.pull, l.complaint_id, l.agency, l.version, l.attempt, l.priority,
       (case when not l.lead then 1 when l.bond > 0 then l.bond + 1 end)::int as part
from leased l
union all
select a.pull, null, a.agency, null, null, null, null
from asked a where not a.may
union all
select f.pull, null, f.agency, null, (f.place > f.count)::int, null, null
from found f where f.place > f.count or f.more
