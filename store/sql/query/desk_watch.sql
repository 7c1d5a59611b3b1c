-- How many open cases there are below the person, and how late they are: by agency, and of oversight complaints no more than this.
select json_agg (t order by t.late desc, t.agency)
from (
    select g.code as agency, g.name, sum (s.cases) as open, sum (s.cases) filter (where s.oversight) as oversight,
           sum (s.late_verify) as late_verify, sum (s.late_first) as late_first, sum (s.late_resolve) as late_resolve,
           sum (s.late_verify + s.late_first + s.late_resolve) as late, min (s.oldest) as oldest
    from scope_counts () s join agency g on g.agency_id = s.agency
    group by g.code, g.name
    order by late desc, g.code
    limit 2000) t
