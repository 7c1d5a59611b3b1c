-- What an agency is by itself: its function, its region, its flags, its zone.  Open work stays where it is.
--   $1 person  $2 arguments: agency; function, region, flags, zone (null takes function or region away)  $3 key
with asked as materialized (
    select g.agency_id as agency, g.code, g.parent, g.function_id as old_function, g.region as old_region, g.flags as old_flags, g.zone as old_zone, f.function_id as named,
           case when $2::jsonb ? 'function' then f.function_id else g.function_id end as function_id,
           case when $2::jsonb ? 'region' then $2::jsonb ->> 'region' else g.region end as region,
           coalesce ($2::jsonb ->> 'flags', g.flags) as flags,
           zone_named ($2::jsonb ->> 'zone', g.zone) as zone
    from (values (1)) one
    left join agency g on g.agency_id = agency_named ($2::jsonb ->> 'agency')
    left join function f on f.code = $2::jsonb ->> 'function'
), judged as materialized (
    select a.*, v.fault, v.detail
    from asked a
    left join lateral (
        select fault, detail
        from (values (1, coalesce (order_fault ($1::int, a.agency, 32), case when not person_above ($1::int, a.agency) then 13 end::smallint), 'agency'),
                     (2, case when $2::jsonb ->> 'function' is not null and a.named is null then 15 end::smallint, 'function'),
                     (3, case when region_unknown (a.region) then 15::smallint
                              when a.region is distinct from a.old_region or a.function_id is distinct from a.old_function and a.function_id is not null
                              then place_fault ($1::int, a.agency, a.region) end, 'region'),
                     (4, case when a.flags <> a.old_flags then flags_fault ($1::int, a.flags, a.parent) end, 'flags'),
                     (5, case when a.old_flags ~ '\minspectorate\M' and a.flags !~ '\minspectorate\M' and agency_names (a.agency) then 2 end::smallint, 'flags'),
                     -- a key that works for it would be given oversight content from then on
                     (6, case when a.old_flags !~ '\minspectorate\M' and a.flags ~ '\minspectorate\M'
                               and exists (select from principal_agency k join principal p on p.principal_id = k.principal_id
                                           where k.agency_id = a.agency and p.revoked_at is null) then 2 end::smallint, 'flags'),
                     (7, case when a.zone is null then 15 end::smallint, 'zone')) v (nth, fault, detail)
        where fault is not null order by nth limit 1) v on true
), set_so as (
    update agency g set function_id = j.function_id, region = j.region, flags = j.flags, zone = j.zone, by_order = statement_timestamp ()
    from judged j where j.fault is null and g.agency_id = j.agency
    returning g.agency_id
)
select case when j.fault is null then 1 else 3 end, j.fault, j.detail,
       case when s.agency_id is not null and tree_changed ()
            then order_done ($1::int, 'set_function', $2::jsonb, $3::uuid, j.agency, j.code,
                             jsonb_build_object ('function', (select f.code from function f where f.function_id = j.old_function), 'region', j.old_region, 'flags', j.old_flags, 'zone', j.old_zone),
                             jsonb_build_object ('function', (select f.code from function f where f.function_id = j.function_id), 'region', j.region, 'flags', j.flags, 'zone', j.zone), '{}')::text end
from judged j left join set_so s on true
