-- How an agency is connected: who verifies for it and how deep the router places is said from above it; who signs its answers, and
-- whether its officers close, is its own.
--   $1 person  $2 arguments: agency; verify_at (national, self), route_depth (0 to 8, null: all), approver (a login, null: nobody), liaison_closes  $3 key
with asked as materialized (
    select g.agency_id as agency, g.code, g.verify_at, g.route_depth, g.approver, g.liaison_closes, p.principal_id as signs,
           case when $2::jsonb ? 'verify_at' then case $2::jsonb ->> 'verify_at' when 'self' then 1 when 'national' then 2 end else g.verify_at end as new_verify,
           case when $2::jsonb ? 'route_depth' then ($2::jsonb ->> 'route_depth')::int else g.route_depth end as new_depth,
           case when $2::jsonb ? 'approver' then p.principal_id else g.approver end as new_approver,
           case when $2::jsonb ? 'liaison_closes' then ($2::jsonb ->> 'liaison_closes')::boolean else g.liaison_closes end as new_closes
    from (values (1)) one
    left join agency g on g.agency_id = agency_named ($2::jsonb ->> 'agency')
    left join person p on p.principal_id = person_named ($2::jsonb ->> 'approver')
), judged as materialized (
    select a.*, v.fault, v.detail
    from asked a
    left join lateral (
        select fault, detail
        from (values (1, order_fault ($1::int, a.agency, 96), 'agency'),
                     (2, case when $2::jsonb ? 'verify_at' and not person_above ($1::int, a.agency) then 13 when a.new_verify is null then 15 end::smallint, 'verify_at'),
                     (3, case when $2::jsonb ? 'route_depth' and not person_above ($1::int, a.agency) then 13 when a.new_depth not between 0 and 8 then 15 end::smallint, 'route_depth'),
                     (4, case when $2::jsonb ->> 'approver' is not null
                               and not exists (select from appointment o join agency_above u on u.agency = a.agency and u.above = o.agency_id
                                               where o.principal_id = a.signs and o.ended_at is null and (o.role = 5 or o.role = 6 and u.depth = 0)
                                                 and person_may ($1::int, o.agency_id, 992)) then 3 end::smallint, 'approver'),
                     (5, case when a.new_closes is null then 15 end::smallint, 'liaison_closes')) v (nth, fault, detail)
        where fault is not null order by nth limit 1) v on true
), set_so as (
    update agency g
    set verify_at = j.new_verify, route_depth = j.new_depth, approver = j.new_approver, liaison_closes = j.new_closes, by_order = statement_timestamp ()
    from judged j where j.fault is null and g.agency_id = j.agency
    returning g.agency_id
)
select case when j.fault is null then 1 else 3 end, j.fault, j.detail,
       case when s.agency_id is not null and registry_changed ()
            then order_done ($1::int, 'set_connection', $2::jsonb, $3::uuid, j.agency, j.code,
                             jsonb_build_object ('verify_at', j.verify_at, 'route_depth', j.route_depth, 'approver', j.approver, 'liaison_closes', j.liaison_closes),
                             jsonb_build_object ('verify_at', j.new_verify, 'route_depth', j.new_depth, 'approver', j.new_approver, 'liaison_closes', j.new_closes), '{}')::text end
from judged j left join set_so s on true
