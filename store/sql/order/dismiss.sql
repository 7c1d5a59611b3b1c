-- A role ends, and with it whatever its person is logged in to: what he may now is judged anew when he comes back.  With the last one
-- goes where he is written to.
--   $1 person  $2 arguments: person, agency, role  $3 key
with asked as materialized (
    select p.principal_id as who, p.login, agency_named ($2::jsonb ->> 'agency') as agency, role_number ($2::jsonb ->> 'role') as role
    from (values (1)) one left join person p on p.principal_id = person_named ($2::jsonb ->> 'person')
), judged as materialized (
    select a.*, f.fault, f.detail
    from asked a
    left join lateral (
        select fault, detail
        from (values (1, order_fault ($1::int, a.agency, 992), 'agency'),
                     (2, case when a.role is null then 15::smallint when a.who = $1::int then 13
                              else coalesce (grant_fault ($1::int, a.agency, a.role), silence_fault ($1::int, a.who, a.agency)) end, 'role'),
                     (3, case when not exists (select from appointment o where o.principal_id = a.who and o.agency_id = a.agency
                                                                           and o.role = a.role and o.ended_at is null) then 3 end::smallint, 'person'))
             v (nth, fault, detail)
        where fault is not null order by nth limit 1) f on true
), ended as (
    update appointment o set ended_at = statement_timestamp ()
    from judged j
    where j.fault is null and o.ended_at is null and o.agency_id = j.agency
      and (o.principal_id = j.who and o.role = j.role or o.deputy_of = j.who and j.role = 7)
    returning o.principal_id, o.named, o.appointment_id
), out as (
    delete from session s using judged j where j.fault is null and s.principal_id in (select principal_id from ended)
), unwritten as (
    delete from person_contact p
    where p.principal_id in (select principal_id from ended)
      and not exists (select from appointment o where o.principal_id = p.principal_id and o.ended_at is null
                        and o.appointment_id not in (select appointment_id from ended))
), approver as (
    update agency g set approver = null from judged j
    where j.fault is null and g.agency_id = j.agency and g.approver = j.who
)
select case when j.fault is null then 1 else 3 end, j.fault, j.detail,
       case when j.fault is null
            then order_done ($1::int, 'dismiss', $2::jsonb, $3::uuid, j.agency, j.login,
                             jsonb_build_object ('agency', $2::jsonb ->> 'agency', 'role', $2::jsonb ->> 'role',
                                                 'named', (select bool_or (named) from ended e where e.principal_id = j.who)), null,
                             jsonb_build_object ('ended', (select count (*) from ended)))::text end
from judged j
