-- A lock ends, and the rest after failures, too.  What a coordinator locked an agency admin does not unlock.
--   $1 person  $2 arguments: person  $3 key
with asked as materialized (
    select p.principal_id as who, p.login,
           case when p.login is null then 3
                else coalesce (person_fault ($1::int, p.principal_id),
                               case when p.locked_until = 'infinity' and p.locked_by is distinct from $1::int
                                     and exists (select from appointment o where o.principal_id = p.principal_id and o.ended_at is null
                                                                             and not person_may ($1::int, o.agency_id, 32)) then 13 end::smallint) end as fault
    from (values (1)) one left join person p on p.principal_id = person_named ($2::jsonb ->> 'person')
), freed as (
    update person p set locked_until = null, locked_by = null, failures = 0 from asked a where a.fault is null and p.principal_id = a.who
    returning 1
)
select case when a.fault is null then 1 else 3 end, a.fault, case when a.fault is not null then 'person' end,
       case when a.fault is null
            then order_done ($1::int, 'unlock', $2::jsonb, $3::uuid, (select min (agency_id) from appointment where principal_id = a.who and ended_at is null), a.login, null, '{"locked": false}',
                             jsonb_build_object ('freed', (select count (*) from freed)))::text end
from asked a
