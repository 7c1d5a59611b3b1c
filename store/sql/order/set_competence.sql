-- An agency holds a function for a region and all below it, whoever else has a unit there; or does so no more.
--   $1 person  $2 arguments: agency, function; region (absent: the nation), held (absent: true)  $3 key
with asked as materialized (
    select g.agency_id as agency, g.code, f.function_id, $2::jsonb ->> 'region' as region, coalesce (($2::jsonb ->> 'held')::boolean, true) as held
    from (values (1)) one
    left join agency g on g.agency_id = agency_named ($2::jsonb ->> 'agency')
    left join function f on f.code = $2::jsonb ->> 'function'
), judged as materialized (
    select a.*, v.fault, v.detail
    from asked a
    left join lateral (
        select fault, detail
        from (values (1, order_fault ($1::int, a.agency, 32), 'agency'),
                     (2, case when a.function_id is null then 15 end::smallint, 'function'),
                     (3, case when region_unknown (a.region) then 15::smallint
                              else place_fault ($1::int, a.agency, a.region) end, 'region')) v (nth, fault, detail)
        where fault is not null order by nth limit 1) v on true
), ended as (
    update competence c set ended_at = case when not j.held then statement_timestamp () end, by_order = statement_timestamp ()
    from judged j
    where j.fault is null and c.agency_id = j.agency and c.function_id = j.function_id and c.region is not distinct from j.region
    returning c.agency_id
), begun as (
    insert into competence (agency_id, function_id, region, by_order)
    select j.agency, j.function_id, j.region, statement_timestamp () from judged j
    where j.fault is null and j.held and not exists (select from ended)
    returning agency_id
)
select case when j.fault is null then 1 else 3 end, j.fault, j.detail,
       case when j.fault is null and registry_changed () and (select count (*) from begun) >= 0
            then order_done ($1::int, 'set_competence', $2::jsonb, $3::uuid, j.agency, j.code, null,
                             jsonb_build_object ('function', $2::jsonb ->> 'function', 'region', j.region, 'held', j.held), '{}')::text end
from judged j
