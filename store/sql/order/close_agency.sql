-- An agency ends, and a successor has what it had: open work (agency_hand_on), its staff and its keys.  It stays in the registry,
-- retired; what is below it is closed or moved before.
--   $1 person  $2 arguments: agency, successor  $3 key  $4 version base
with asked as materialized (
    select g.agency_id as agency, g.code, o.agency_id as old, s.agency_id as successor, s.code as successor_code
    from (values (1)) one
    left join agency g on g.agency_id = agency_named ($2::jsonb ->> 'agency')
    left join agency o on o.agency_id = g.parent
    left join agency s on s.agency_id = agency_named ($2::jsonb ->> 'successor')
), judged as materialized (
    select a.*, v.fault, v.detail
    from asked a
    left join lateral (
        select fault, detail
        from (values (1, leave_fault ($1::int, a.agency, a.old), 'agency'),
                     (2, order_fault ($1::int, a.successor, 32), 'successor'),
                     (3, case when a.successor = a.agency then 15 end::smallint, 'successor'),
                     (4, case when exists (select from agency c where c.parent = a.agency and c.retired_at is null) then 2 end::smallint, 'children'),
                     (5, case when exists (select from agency g where g.agency_id = a.successor and g.flags ~ '\minspectorate\M')
                               and not exists (select from agency g where g.agency_id = a.agency and g.flags ~ '\minspectorate\M') then 15 end::smallint, 'successor'),
                     -- oversight content goes to nobody but an inspectorate
                     (6, case when exists (select from agency g where g.agency_id = a.agency and g.flags ~ '\minspectorate\M')
                               and not exists (select from agency g where g.agency_id = a.successor and (g.flags ~ '\minspectorate\M' or g.parent is null)) then 15 end::smallint, 'successor'))
             v (nth, fault, detail)
        where fault is not null order by nth limit 1) v on true
), closed as (
    update agency g set retired_at = statement_timestamp (), successor = j.successor, by_order = statement_timestamp ()
    from judged j where j.fault is null and g.agency_id = j.agency
    returning g.agency_id
)
select case when j.fault is null then 1 else 3 end, j.fault, j.detail,
       case when c.agency_id is not null and tree_changed ()
            then order_done ($1::int, 'close_agency', $2::jsonb, $3::uuid, j.agency, j.code, null, jsonb_build_object ('successor', j.successor_code),
                             agency_hand_on (j.agency, j.successor, $1::int, $3::uuid, $4::bigint))::text end
from judged j left join closed c on true
