-- Open work by agency.  A lease or delay that has run out counts as ready: a PULL takes it.  Ages as in watch_queues.sql: since it was
-- ready, not since its receipt.
--   $1 code of one agency; empty: every agency that has open work
-- Counted from the assignments, not agency by agency: a plan that looks for each of 19,000 agencies may
-- scan them all for each.
select coalesce (json_agg (row_to_json (r) order by r.agency), '[]')::text
from (
    select a.code as agency, a.name, coalesce (q.ready, 0) as ready, coalesce (q.delayed, 0) as delayed,
           coalesce (q.leased, 0) as leased, coalesce (q.taken, 0) as taken, coalesce (q.waiting, 0) as waiting,
           coalesce (q.parked, 0) as parked, q.oldest_ready_age_seconds
    from agency a
    left join (
        select w.agency, count (*) filter (where ready) as ready,
               count (*) filter (where w.state = 5 and not ready) as delayed,
               count (*) filter (where w.state = 2 and not ready) as leased,
               count (*) filter (where w.state = 3) as taken,
               count (*) filter (where w.state = 4) as waiting,
               count (*) filter (where w.state = 6) as parked,
               extract (epoch from now () - min (case when w.state = 1 then w.since else w.lease_until end) filter (where ready))::bigint as oldest_ready_age_seconds
        from (select s.*, s.state = 1 or (s.state in (2, 5) and s.lease_until <= now ()) as ready
              from assignment s
              where s.state < 7
                and ($1::text = '' or s.agency = (select o.agency_id from agency o where o.code = $1::text))) w
        group by w.agency) q on q.agency = a.agency_id
    where case when $1::text = '' then q.agency is not null else a.code = $1::text end
) r
