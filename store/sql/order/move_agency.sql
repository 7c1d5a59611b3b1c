-- An agency, with all below it, under another parent: by who is a coordinator over both.  Never under itself.
--   $1 person  $2 arguments: agency, parent; kind  $3 key
with asked as materialized (
    select g.agency_id as agency, g.code, g.kind as old_kind, coalesce ($2::jsonb ->> 'kind', g.kind) as kind, o.agency_id as old, o.code as old_code,
           p.agency_id as parent, p.code as parent_code, p.kind as above
    from (values (1)) one
    left join agency g on g.agency_id = agency_named ($2::jsonb ->> 'agency')
    left join agency o on o.agency_id = g.parent
    left join agency p on p.agency_id = agency_named ($2::jsonb ->> 'parent')
), judged as materialized (
    select a.*, v.fault, v.detail
    from asked a
    left join lateral (
        select fault, detail
        from (values (1, leave_fault ($1::int, a.agency, a.old), 'agency'),
                     (2, order_fault ($1::int, a.parent, 32), 'parent'),
                     (3, case when exists (select from agency_above u where u.agency = a.parent and u.above = a.agency) then 15 end::smallint, 'parent'),
                     (4, case when not kind_fits (a.kind, a.above)
                                or exists (select from agency c where c.parent = a.agency and c.retired_at is null and not kind_fits (c.kind, a.kind)) then 15 end::smallint, 'kind'))
             v (nth, fault, detail)
        where fault is not null order by nth limit 1) v on true
), moved as (
    update agency g set parent = j.parent, kind = j.kind, by_order = statement_timestamp () from judged j where j.fault is null and g.agency_id = j.agency
    returning g.agency_id
)
select case when j.fault is null then 1 else 3 end, j.fault, j.detail,
       case when m.agency_id is not null and tree_changed ()
            then order_done ($1::int, 'move_agency', $2::jsonb, $3::uuid, j.agency, j.code, jsonb_build_object ('parent', j.old_code, 'kind', j.old_kind),
                             jsonb_build_object ('parent', j.parent_code, 'kind', j.kind), '{}')::text end
from judged j left join moved m on true
