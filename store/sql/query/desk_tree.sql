-- The agencies that the person administers or watches: from one of them, or from those of his appointments, so many levels down.
--   $1 code of the agency to begin at; '': his own  $2 levels below it
select json_agg (to_jsonb (t) - 'sort' order by t.sort)
from (
    select g.code, g.name, g.kind, p.code as parent, u.depth, f.code as function, g.region, g.flags,
           case g.zone when 8 then 'WITA' when 9 then 'WIT' else 'WIB' end as zone,
           case g.verify_at when 2 then 'national' else 'self' end as verify_at, g.route_depth, s.login as approver, g.liaison_closes,
           (select count (*) from agency c where c.parent = g.agency_id and c.retired_at is null) as children,
           (select json_agg (json_build_object ('function', cf.code, 'region', c.region) order by cf.code, c.region)
            from competence c join function cf on cf.function_id = c.function_id
            where c.agency_id = g.agency_id and c.ended_at is null) as competences,
           (select string_agg (a.name || E'\x01' || a.code, E'\x02' order by v.depth desc)
            from agency_above v join agency a on a.agency_id = v.above where v.agency = g.agency_id and v.depth <= u.depth) as sort
    from (select t.agency_id
          from agency t
          where case when $1::text = '' then t.agency_id in (select agency_id from appointment where principal_id = (select session_reader ()) and ended_at is null)
                     else t.code = $1::text end
            and t.agency_id in (select session_scope () union select session_watches ())) top
    join agency_above u on u.above = top.agency_id and u.depth <= $2::int
    join agency g on g.agency_id = u.agency and g.retired_at is null
    left join agency p on p.agency_id = g.parent
    left join function f on f.function_id = g.function_id
    left join person s on s.principal_id = g.approver
    where g.agency_id in (select session_scope () union select session_watches ())
    limit 2000) t
