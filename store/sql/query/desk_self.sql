-- Who reads: the person of the session, his appointments in force, and how much waits in each of his agencies.
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select p.principal_id as person, p.login, p.name, p.language,
           coalesce (bool_or (n.role = 5), false) as coordinates,
           coalesce (bool_or (n.role in (5, 6)), false) as administers,
           coalesce (bool_or (n.role in (5, 6, 7)), false) as works,
           coalesce (bool_or (n.role in (5, 8)), false) as watches,
           coalesce (bool_or (n.role = 9), false) as operates,
           (array_agg (a.code order by n.role, a.code) filter (where n.role in (5, 6)))[1] as home,
           coalesce (json_agg (json_build_object (
               'agency', a.code, 'agency_number', a.agency_id, 'agency_name', a.name, 'role', n.role, 'named', n.named, 'until', n.until)
               order by n.role, a.code) filter (where n.role is not null), '[]') as appointments
    from person p
    left join appointment n on n.principal_id = p.principal_id and n.ended_at is null
                               and (n.until is null or n.until > statement_timestamp ())
    left join agency a on a.agency_id = n.agency_id
    where p.principal_id = session_reader ()
    group by p.principal_id
) r
