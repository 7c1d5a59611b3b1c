-- Templates of answers: an agency's own, then those of the agencies above it.
--   $1 agency's code, empty: of all the reader's own
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select distinct on (t.template_id) t.template_id as number, t.name, t.text, t.language, a.code as agency, u.depth, t.changed_at,
           p.name as who, person_may (session_reader (), t.agency_id, (1 << 5) | (1 << 6) | (1 << 7)) as own
    from desk_nodes ($1::text) n (agency)
    join agency_above u on u.agency = n.agency
    join answer_template t on t.agency_id = u.above
    join agency a on a.agency_id = t.agency_id
    left join person p on p.principal_id = t.changed_by
    order by t.template_id, u.depth
) r
