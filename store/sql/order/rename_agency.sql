-- An agency's name.  Its code stays for ever.
--   $1 person  $2 arguments: agency, name  $3 key
with asked as materialized (
    select g.agency_id as agency, g.code, g.name as old, btrim ($2::jsonb ->> 'name') as name
    from (values (1)) one left join agency g on g.agency_id = agency_named ($2::jsonb ->> 'agency')
), judged as materialized (
    select a.*, v.fault, v.detail
    from asked a
    left join lateral (
        select fault, detail
        from (values (1, coalesce (order_fault ($1::int, a.agency, 32), watched_fault ($1::int, a.agency)), 'agency'),
                     (2, case when a.name is null then 15 end::smallint, 'name')) v (nth, fault, detail)
        where fault is not null order by nth limit 1) v on true
), renamed as (
    update agency g set name = j.name, by_order = statement_timestamp () from judged j where j.fault is null and g.agency_id = j.agency
    returning g.agency_id
)
select case when j.fault is null then 1 else 3 end, j.fault, j.detail,
       case when r.agency_id is not null and registry_changed ()
            then order_done ($1::int, 'rename_agency', $2::jsonb, $3::uuid, j.agency, j.code, jsonb_build_object ('name', j.old), jsonb_build_object ('name', j.name), '{}')::text end
from judged j left join renamed r on true
