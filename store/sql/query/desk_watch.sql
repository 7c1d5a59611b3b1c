-- How many open cases there are below the person, and how late they are: by agency, the worst first, and of oversight complaints no
-- more than this.  `all_open` and the like are the sums over all of them; `readable`: late ones of it are his to open.
select json_agg (t order by t.late desc, t.oldest, t.agency)
from (
    select g.code as agency, g.name, sum (s.cases) as open, sum (s.cases) filter (where s.oversight) as oversight,
           sum (s.late_verify) as late_verify, sum (s.late_first) as late_first, sum (s.late_resolve) as late_resolve,
           sum (s.late_verify + s.late_first + s.late_resolve) as late, min (s.oldest) as oldest,
           (select session_everywhere ()) or g.agency_id in (select session_scope ()) as readable,
           sum (sum (s.cases)) over () as all_open, sum (sum (s.late_verify + s.late_first + s.late_resolve)) over () as all_late,
           sum (sum (s.late_verify)) over () as all_late_verify, sum (sum (s.late_first)) over () as all_late_first, sum (sum (s.late_resolve)) over () as all_late_resolve,
           count (*) over () as all_agencies
    from scope_counts () s join agency g on g.agency_id = s.agency
    group by g.agency_id, g.code, g.name
    order by late desc, oldest, g.code
    limit 2000) t
