-- One agency of the reader's scope: itself, the way to it from the root, what hangs below it, who works there and who stands in for
-- whom, the function and the places that it holds.
--   $1 its code
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select a.code, a.agency_id as number, a.name, a.kind, a.region, p.name as region_name, f.code as function, f.name as function_name, a.zone, a.verify_at, a.route_depth, a.liaison_closes, a.flags,
           o.code as successor, a.retired_at is not null as closed, v.login as approver,
           person_may (session_reader (), a.agency_id, 1 << 5) as coordinated,
           person_may (session_reader (), a.parent, 1 << 5) as movable,
           person_may (session_reader (), a.agency_id, (1 << 5) | (1 << 6)) as administered,
           person_may (session_reader (), a.agency_id, (1 << 5) | (1 << 6) | (1 << 9)) as keyed,
           person_above (session_reader (), a.agency_id) as placed,
           person_above (session_reader (), a.parent) as placed_above,
           place_fault (session_reader (), a.agency_id, null) is null as national,
           (select coalesce (json_agg (row_to_json (s)), '[]')
            from (select cf.code as function, cf.name as function_name, c.region, cp.name as region_name,
                         person_may (session_reader (), a.agency_id, 1 << 5) and place_fault (session_reader (), a.agency_id, c.region) is null as may
                  from competence c join function cf on cf.function_id = c.function_id left join region cp on cp.code = c.region
                  where c.agency_id = a.agency_id and c.ended_at is null
                  order by cf.name, c.region nulls first limit 400) s) as competences,
           (select coalesce (json_agg (json_build_object ('code', b.code, 'name', b.name) order by u.depth desc), '[]')
            from agency_above u join agency b on b.agency_id = u.above
            where u.agency = a.agency_id and u.depth > 0 and person_may (session_reader (), u.above, 992)) as way,
           (select coalesce (json_agg (row_to_json (s)), '[]')
            from (select b.code, b.name, b.kind, b.retired_at is not null as closed,
                         (select count (*) from agency e where e.parent = b.agency_id and e.retired_at is null) as below
                  from agency b where b.parent = a.agency_id
                  order by b.retired_at is not null, b.code limit 400) s) as children,
           (select coalesce (json_agg (row_to_json (s)), '[]')
            from (select p.login, p.name, n.role, n.named,
                         (array['coordinator', 'agency_admin', 'liaison', 'overseer', 'operator'])[n.role - 4] as role_word, n.until, p.seen_at, p.seen_at is null as invited,
                         o.login as deputy_of, o.name as deputy_of_name, p.principal_id = session_reader () as self,
                         p.principal_id <> session_reader () and (n.role <> 9 and person_may (session_reader (), a.agency_id, 1 << 5)
                                                                  or n.role = 7 and person_may (session_reader (), a.agency_id, 1 << 6)) as may,
                         d.login as deputy, d.name as deputy_name, d.until as deputy_until,
                         coalesce (p.locked_until > now (), false) as locked
                  from appointment n
                  join person p on p.principal_id = n.principal_id
                  left join person o on o.principal_id = n.deputy_of
                  left join lateral (select q.login, q.name, m.until
                                     from appointment m join person q on q.principal_id = m.principal_id
                                     where m.agency_id = a.agency_id and m.deputy_of = n.principal_id and n.role = 7 and n.deputy_of is null and m.ended_at is null
                                       and (m.until is null or m.until > statement_timestamp ()) limit 1) d on true
                  where n.agency_id = a.agency_id and n.ended_at is null and (n.until is null or n.until > statement_timestamp ())
                  order by n.role, p.name) s) as people
    from agency a
    left join function f on f.function_id = a.function_id
    left join region p on p.code = a.region
    left join agency o on o.agency_id = a.successor
    left join person v on v.principal_id = a.approver
    where a.code = $1::text and person_may (session_reader (), a.agency_id, 992)
) r
