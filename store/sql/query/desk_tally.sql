-- How much of each kind is open, by agency of the reader's.
--   $1 agency's code, empty: all of the reader's own
select coalesce (json_agg (row_to_json (r) order by r.agency), '[]')::text
from (
    select a.code as agency, a.name, count (w.agency) as "all",
           count (*) filter (where w.state = 1 or (w.state in (2, 5) and w.lease_until <= now ())) as new,
           count (*) filter (where w.state in (2, 3) and w.leased_by = session_reader ()) as mine,
           count (*) filter (where w.state in (2, 3) and w.leased_by <> session_reader ()) as colleagues,
           count (*) filter (where w.state in (4, 5)) as waiting,
           count (*) filter (where w.state = 6) as parked,
           count (*) filter (where not w.lead) as support,
           count (*) filter (where w.bond = 1) as arbiter,
           count (*) filter (where w.priority = 4 and work_doubted (w.complaint_id)) as doubt,
           count (*) filter (where w.due <= now ()) as late
    from desk_nodes ($1::text) n (agency)
    join agency a on a.agency_id = n.agency
    left join assignment w on w.agency = n.agency and w.open
    group by a.agency_id
) r
