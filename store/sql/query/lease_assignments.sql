-- Leases work for all PULLs of a turn; no two of them name the same agency.  What is ready, or whose
-- lease or delay has run out by this clock, by priority, then due time.  Nothing is locked to look at
-- it; what an act has changed meanwhile has another version, and stays out.  At most `count` agencies
-- of a PULL can have its best rows, and none of them gives more than about twice its even share, so
-- that a long queue does not starve the others of the same PULL.
--   $1 pull numbers and $2 agencies, a pair each  $3 counts and $4 lease ms, by pull number from 1
--   $5 principals, by pull number  $6 version base
with wanted as (
    select w.pull, w.agency, ($3::int[])[w.pull] as count, ($4::int[])[w.pull] as lease,
           ($5::int[])[w.pull] as principal
    from unnest ($1::int[], $2::int[]) as w (pull, agency)
    join principal_agency pa on pa.principal_id = ($5::int[])[w.pull] and pa.agency_id = w.agency
    join principal p on p.principal_id = pa.principal_id and p.revoked_at is null and p.role = 2
), heads as (
    select w.*, row_number () over (partition by w.pull order by h.priority, h.due, h.complaint_id) as rank,
           count (*) over (partition by w.pull) as heads
    from wanted w
    cross join lateral (
        select q.priority, q.due, q.complaint_id
        from assignment q
        where q.agency = w.agency and q.queued
          and (q.state = 1 or q.lease_until <= clock_timestamp ())
        order by q.priority, q.due, q.complaint_id
        limit 1) h
), found as (
    select h.pull, h.count, h.lease, h.principal, a.*
    from heads h
    cross join lateral (
        select q.complaint_id, q.agency, q.priority, q.due, q.version as has
        from assignment q
        where q.agency = h.agency and q.queued
          and (q.state = 1 or q.lease_until <= clock_timestamp ())
        order by q.priority, q.due, q.complaint_id
        limit least (h.count, 8 + 2 * h.count / h.heads)) a
    where h.rank <= h.count
), best as (
    select * from (select f.*, row_number () over (partition by f.pull order by f.priority, f.due, f.complaint_id) as place
                   from found f) ranked
    where place <= count
), leased as (
    update assignment a
    set state = 2, version = greatest (a.version, $6::bigint) + 1, leased_by = b.principal,
        lease_until = clock_timestamp () + make_interval (secs => b.lease / 1000.0),
        attempt = a.attempt + (a.state = 2)::int
    from best b
    where a.complaint_id = b.complaint_id and a.agency = b.agency and a.version = b.has
    returning b.pull, b.lease, a.complaint_id, a.agency, a.version, a.attempt, a.priority
), sealed as (
    insert into audit_digest (at, kind, count, digest)
    select clock_timestamp (), 2, count (*), sha256 (convert_to (string_agg (complaint_id::text || ':' || version, ',' order by complaint_id), 'UTF8'))
    from leased having count (*) > 0
)
select l.pull, l.lease, l.complaint_id, l.agency, l.version, l.attempt, l.priority,
       c.number, c.class, c.category, c.region, c.received, c.due_first, c.due_resolve, c.flags,
       t.title, t.body, t.location
from leased l
join complaint c on c.complaint_id = l.complaint_id
join content t on t.complaint_id = l.complaint_id
