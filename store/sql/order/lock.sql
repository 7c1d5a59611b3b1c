-- Nobody logs in as this person until he is unlocked; where he is logged in he is not any more.
--   $1 person  $2 arguments: person  $3 key
with asked as materialized (
    select p.principal_id as who, p.login, case when p.login is null then 3
           else coalesce (person_fault ($1::int, p.principal_id), silence_fault ($1::int, p.principal_id, null)) end as fault
    from (values (1)) one left join person p on p.principal_id = person_named ($2::jsonb ->> 'person')
), locked as (
    update person p set locked_until = 'infinity', locked_by = $1::int from asked a where a.fault is null and p.principal_id = a.who
    returning p.principal_id
), out as (
    delete from session s using locked l where s.principal_id = l.principal_id
    returning 1
)
select case when a.fault is null then 1 else 3 end, a.fault, case when a.fault is not null then 'person' end,
       case when a.fault is null
            then order_done ($1::int, 'lock', $2::jsonb, $3::uuid, (select min (agency_id) from appointment where principal_id = a.who and ended_at is null), a.login, null, '{"locked": true}',
                             jsonb_build_object ('ended', (select count (*) from out)))::text end
from asked a
