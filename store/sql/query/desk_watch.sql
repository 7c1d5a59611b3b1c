-- How many open cases there are below the person, and how late they are: by agency, the latest first, and of oversight complaints no
-- more than this.  `all_open` and the like are of all of them, told or not; `readable`: late ones of it are his to open.
--   $1 how many agencies to leave out, what is no number: none  $2 how many to tell, at most 10,000
select coalesce (json_agg (t order by t.nth), '[]')::text
from (
    select g.code as agency, g.name, s.cases as open, s.late, s.oversight, s.late_verify, s.late_first, s.late_resolve, s.oldest,
           (select session_everywhere ()) or g.agency_id in (select session_scope ()) as readable,
           s.all_cases as all_open, s.all_late, s.all_agencies, s.nth
    from watch_counts (case when $1::text ~ '^[0-9]{1,6}$' then $1::int else 0 end,
                       case when $2::text ~ '^[0-9]{1,5}$' then least ($2::int, 10000) else 100 end)
         with ordinality s (agency, cases, late, oversight, late_verify, late_first, late_resolve, oldest, all_cases, all_late, all_agencies, nth)
    join agency g on g.agency_id = s.agency) t
