-- Gives, or takes, the right to ask for and approve the opening of identities, to a coordinator or operator of the root.  Only who
-- has it gives it, and nobody to himself; the first two get it from the installation's shell (person 0).
--   $1 person  $2 arguments: login, allowed (true, false)  $3 key
with named as materialized (
    select p.principal_id, p.login, a.appointment_id, a.opens, ($2::jsonb ->> 'allowed')::boolean as allowed
    from person p
    join appointment a on a.principal_id = p.principal_id and a.role in (5, 9) and a.ended_at is null
    join agency r on r.agency_id = a.agency_id and r.parent is null
    where p.login = lower ($2::jsonb ->> 'login')
    order by a.appointment_id limit 1
), judged as materialized (
    select n.*, case when $1::int <> 0 and not identity_may ($1::int) then 13
                     when jsonb_typeof ($2::jsonb -> 'allowed') is distinct from 'boolean' then 15
                     when n.principal_id is null then 3
                     when n.principal_id = $1::int and n.allowed then 13 end as fault
    from (values (1)) one left join named n on true
), changed as (
    update appointment a set opens = j.allowed
    from judged j where j.fault is null and a.principal_id = j.principal_id and a.ended_at is null
                    and (a.appointment_id = j.appointment_id or not j.allowed)
    returning a.appointment_id
)
select case when j.fault is null then 1 else 3 end, j.fault, case j.fault when 15 then 'allowed' when 3 then 'login' end,
       (case when j.fault is null and (select count (*) from changed) > 0
             then order_done ($1::int, 'allow_identity', $2::jsonb, $3::uuid, null, j.login, jsonb_build_object ('opens', j.opens),
                              jsonb_build_object ('opens', j.allowed), jsonb_build_object ('login', j.login)) end)::text
from judged j
