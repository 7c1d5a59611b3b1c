-- The agencies that the person administers or watches: from one of them, or from those of his appointments, so many levels down.
--   $1 code of the agency to begin at; '': his own  $2 levels below it
with recursive mine as materialized (
    select session_scope () as agency_id where not (select session_everywhere ())
    union
    select session_watches () where not (select session_everywhere ())
), below as (
    select g.agency_id, 0 as depth, array[g.name, g.code] as path
    from agency g
    where g.retired_at is null and ((select session_everywhere ()) or g.agency_id in (select agency_id from mine))
      and case when $1::text = '' then g.agency_id in (select agency_id from appointment where principal_id = (select session_reader ()) and ended_at is null)
               else g.code = $1::text end
    union all
    select g.agency_id, b.depth + 1, b.path || array[g.name, g.code]
    from below b join agency g on g.parent = b.agency_id and g.retired_at is null
    where b.depth < $2::int and ((select session_everywhere ()) or g.agency_id in (select agency_id from mine))
), listed as materialized (
    select distinct on (agency_id) * from below order by agency_id, depth limit 2000
)
select json_agg (json_build_object (
           'code', g.code, 'name', g.name, 'kind', g.kind, 'parent', p.code, 'depth', l.depth, 'function', f.code, 'region', g.region, 'flags', g.flags,
           'zone', case g.zone when 8 then 'WITA' when 9 then 'WIT' else 'WIB' end,
           'verify_at', case g.verify_at when 2 then 'national' else 'self' end, 'route_depth', g.route_depth, 'approver', s.login,
           'liaison_closes', g.liaison_closes,
           'children', (select count (*) from agency c where c.parent = g.agency_id and c.retired_at is null),
           'competences', (select json_agg (json_build_object ('function', cf.code, 'region', c.region) order by cf.code, c.region)
                           from competence c join function cf on cf.function_id = c.function_id
                           where c.agency_id = g.agency_id and c.ended_at is null)) order by l.path)
from listed l
join agency g on g.agency_id = l.agency_id
left join agency p on p.agency_id = g.parent
left join function f on f.function_id = g.function_id
left join person s on s.principal_id = g.approver
