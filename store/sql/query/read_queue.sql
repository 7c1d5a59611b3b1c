-- Open work by agency.  A lease or delay that has run out counts as ready: a PULL takes it.
--   $1 code of one agency; empty: every agency that has open work
select coalesce (json_agg (row_to_json (r) order by r.agency), '[]')::text
from (
    select a.code as agency, a.name, q.*
    from agency a
    left join lateral (
        select count (*) filter (where ready) as ready,
               count (*) filter (where w.state = 5 and not ready) as delayed,
               count (*) filter (where w.state = 2 and not ready) as leased,
               count (*) filter (where w.state = 3) as taken,
               count (*) filter (where w.state = 4) as waiting,
               count (*) filter (where w.state = 6) as parked,
               extract (epoch from now () - min (c.received) filter (where ready))::bigint as oldest_ready_age_seconds
        from (select s.*, s.state = 1 or (s.state in (2, 5) and s.lease_until <= now ()) as ready
              from assignment s where s.agency = a.agency_id and s.state < 7) w
        join complaint c on c.complaint_id = w.complaint_id
    ) q on true
    where case when $1::text = '' then exists (select from assignment s where s.agency = a.agency_id and s.state < 7)
               else a.code = $1::text end
) r
