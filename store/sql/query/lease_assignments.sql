-- Leases work for all PULLs of a turn; no two of them name the same agency.  What is ready, or whose
-- lease or delay has run out by this clock, by priority, then due time.  Nothing is locked to look at
-- it; what an act has changed meanwhile has another version, and stays out.  Each agency gives about
-- twice its even share at first, so that a long queue does not starve the others of the same PULL; where
-- that does not fill it, long queues give the rest.  Emergencies come whatever the share.
-- Returns what was leased, with its part (enum part; null: the lead); and, without id, agencies that have, or may have, work left; attempt is 1 there
-- for a row that was seen, and is left, for want of count.  What a complaint
-- says is not looked for here: most of it the store has still (words.c).
-- A person pulls for agencies that he is appointed to himself, by the session that a front names; of oversight complaints he
-- gets those of an agency whose named staff he is.  Where he may not, or is not logged in, attempt is the reason, below 0.
--   $1 pull numbers and $2 agencies, a pair each  $3 counts and $4 lease ms, by pull number from 1
--   $5 principals, by pull number  $6 version base  $7 tokens of sessions, by pull number; null: the principal's own
with pullers as materialized (
    select array_agg (case when u.session is null then p.principal_id
                           else (select s.principal_id from session s
                                 where s.token_hash = sha256 (u.session) and s.front = p.principal_id
                                   and s.principal_id = session_person (u.session)) end order by u.pull) as who
    from unnest ($5::int[], $7::bytea[]) with ordinality u (principal, session, pull)
    left join principal p on p.principal_id = u.principal and p.revoked_at is null
                          and p.role = case when u.session is null then 2 else 3 end
), asked as materialized (
    select w.pull, w.agency, w.count, w.person, w.who,
           least (w.count + 1, 1 + 2 * w.count / count (*) over (partition by w.pull)) as share,
           case when w.person then w.holds is not null else pa.agency_id is not null and w.who is not null end as may,
           not w.person or coalesce (w.holds, false) as opens
    from (select u.pull, u.agency, ($3::int[])[u.pull] as count, (select who from pullers)[u.pull] as who,
                 ($7::bytea[])[u.pull] is not null as person,
                 case when ($7::bytea[])[u.pull] is not null
                      then (select bool_or (a.named) from appointment a
                            where a.principal_id = (select who from pullers)[u.pull] and a.agency_id = u.agency and a.role in (5, 6, 7)
                              and a.ended_at is null and (a.until is null or a.until > statement_timestamp ())) end as holds
          from unnest ($1::int[], $2::int[]) as u (pull, agency)) w
    left join principal_agency pa on pa.principal_id = ($5::int[])[w.pull] and pa.agency_id = w.agency
), shares as materialized (
    select w.pull, w.agency, w.count, w.share, w.opens, w.who, a.*
    from asked w
    cross join lateral (
        select q.ctid as at, q.complaint_id, q.priority, q.due, q.version as has,
               row_number () over (order by q.priority, q.due, q.complaint_id) as nth
        from assignment q
        where q.agency = w.agency and q.queued
          and (q.state = 1 or q.lease_until <= clock_timestamp ())
          and (w.opens or not exists (select from complaint c where c.complaint_id = q.complaint_id and c.flags & 4 <> 0))
        order by q.priority, q.due, q.complaint_id
        limit w.share) a
    where w.may
), lacking as (
    select pull, count - count (*) as rows from shares group by pull, count having count (*) < count
), rest as (
    select s.pull, s.agency, s.count, s.who, a.at, a.complaint_id, a.priority, a.due, a.has, a.nth > m.rows as more
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
          and (s.opens or not exists (select from complaint c where c.complaint_id = q.complaint_id and c.flags & 4 <> 0))
        order by q.priority, q.due, q.complaint_id
        offset s.share limit m.rows + 1) a
    where s.nth = s.share and m.rows > 0
), found as (
    select pull, agency, count, who, at, has, more,
           row_number () over (partition by pull order by priority, due, complaint_id) as place
    from (select pull, agency, count, who, at, complaint_id, priority, due, has, nth = share as more from shares
          union all
          select * from rest) f
), leased as (
    update assignment a
    set state = 2, version = greatest (a.version, $6::bigint) + 1, leased_by = f.who,
        lease_until = clock_timestamp () + make_interval (secs => ($4::int[])[f.pull] / 1000.0),
        attempt = a.attempt + (a.state = 2)::int
    from found f
    where f.place <= f.count and a.ctid = f.at and a.version = f.has
    returning f.pull, f.who, a.complaint_id, a.agency, a.version, a.attempt, a.priority, a.lead, a.bond
)
select l.pull, l.complaint_id, l.agency, l.version, l.attempt, l.priority,
       (case when not l.lead then 1 when l.bond > 0 then l.bond + 1 end
        + case when ($7::bytea[])[l.pull] is null then 0 else look_pulled (l.complaint_id, l.who) end)::int as part
from leased l
union all
select a.pull, null, a.agency, null, case when not a.person or a.may then null when a.who is null then -14 else -6 end, null, null
from asked a where not (a.may and a.opens)
union all
select f.pull, null, f.agency, null, (f.place > f.count)::int, null, null
from found f where f.place > f.count or f.more
