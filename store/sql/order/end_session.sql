-- Every session of somebody else's ends.
--   $1 person  $2 arguments: person  $3 key
with asked as materialized (
    select p.principal_id as who, p.login, case when p.login is null then 3 else person_fault ($1::int, p.principal_id) end as fault
    from (values (1)) one left join person p on p.principal_id = person_named ($2::jsonb ->> 'person')
), out as (
    delete from session s using asked a where a.fault is null and s.principal_id = a.who
    returning 1
)
select case when a.fault is null then 1 else 3 end, a.fault, case when a.fault is not null then 'person' end,
       case when a.fault is null
            then order_done ($1::int, 'end_session', $2::jsonb, $3::uuid, (select min (agency_id) from appointment where principal_id = a.who and ended_at is null), a.login, null, null,
                             jsonb_build_object ('ended', (select count (*) from out)))::text end
from asked a
