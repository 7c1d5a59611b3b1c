-- A new agency below one of the subtree.  What it holds stays within the places of its coordinator: a region is its government's to
-- give, and what the nation holds the root's.
--   $1 person  $2 arguments: parent, code, name; kind, function, region, flags, zone  $3 key
with asked as materialized (
    select p.agency_id as parent, p.code as parent_code, p.kind as above, p.region as parents_region, p.function_id as parents_function, coalesce ($2::jsonb ->> 'kind', case p.kind when 'root' then 'agency' when 'agency' then 'unit' else 'subunit' end) as kind,
           btrim ($2::jsonb ->> 'code') as code, btrim ($2::jsonb ->> 'name') as name, coalesce ($2::jsonb ->> 'flags', '-') as flags,
           f.function_id, coalesce ($2::jsonb ->> 'region', p.region) as region,
           zone_named ($2::jsonb ->> 'zone', p.zone) as zone
    from (values (1)) one
    left join agency p on p.agency_id = agency_named ($2::jsonb ->> 'parent')
    left join function f on f.code = $2::jsonb ->> 'function'
), judged as materialized (
    select a.*, v.fault, v.detail
    from asked a
    left join lateral (
        select fault, detail
        from (values (1, order_fault ($1::int, a.parent, 32), 'parent'),
                     (2, case when a.code is null then 15 end::smallint, 'code'),
                     (3, case when a.name is null then 15 end::smallint, 'name'),
                     (4, case when not kind_fits (a.kind, a.above) then 15 end::smallint, 'kind'),
                     (5, case when $2::jsonb ->> 'function' is not null and a.function_id is null then 15 end::smallint, 'function'),
                     (6, case when region_unknown (a.region) then 15::smallint
                              when a.region = a.parents_region and (a.function_id is null or a.function_id = a.parents_function) then null -- its parent's own
                              when a.region is not null then place_fault ($1::int, a.parent, a.region)
                              when a.function_id is not null and exists (select from agency_above u join agency g on g.agency_id = u.above
                                                                         where u.agency = a.parent and g.region is not null) then 15 end, 'region'),
                     (7, flags_fault ($1::int, a.flags, a.parent), 'flags'),
                     (8, case when a.zone is null then 15 end::smallint, 'zone'),
                     (9, case when exists (select from agency g where lower (g.code) = lower (a.code)) then 15 end::smallint, 'code')) v (nth, fault, detail)
        where fault is not null order by nth limit 1) v on true
), made as (
    insert into agency (code, parent, kind, function_id, region, flags, name, zone, by_order)
    select j.code, j.parent, j.kind, j.function_id, j.region, j.flags, j.name, j.zone, statement_timestamp () from judged j where j.fault is null
    returning agency_id
)
select case when j.fault is null then 1 else 3 end, j.fault, j.detail,
       case when m.agency_id is not null and tree_changed ()
            then order_done ($1::int, 'register_agency', $2::jsonb, $3::uuid, m.agency_id, j.code, null,
                             jsonb_build_object ('parent', j.parent_code, 'name', j.name, 'kind', j.kind, 'function', $2::jsonb ->> 'function', 'region', j.region, 'flags', j.flags),
                             jsonb_build_object ('agency', m.agency_id, 'code', j.code))::text end
from judged j left join made m on true
