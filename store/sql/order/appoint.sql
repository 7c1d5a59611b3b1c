-- A further role for somebody who is there.
--   $1 person  $2 arguments: person, agency, role; named, until  $3 key
with asked as materialized (
    select p.principal_id as who, p.login, agency_named ($2::jsonb ->> 'agency') as agency, role_number ($2::jsonb ->> 'role') as role,
           coalesce (($2::jsonb ->> 'named')::boolean, false) as named, ($2::jsonb ->> 'until')::timestamptz as until
    from (values (1)) one left join person p on p.principal_id = person_named ($2::jsonb ->> 'person')
), judged as materialized (
    select a.*, f.fault, f.detail
    from asked a
    left join lateral (
        select fault, detail
        from (values (1, case when a.who is null then 3::smallint else person_fault ($1::int, a.who) end, 'person'),
                     (2, order_fault ($1::int, a.agency, 992), 'agency'),
                     (3, case when a.role is null then 15::smallint else grant_fault ($1::int, a.agency, a.role) end, 'role'),
                     (4, case when a.until <= statement_timestamp () then 15 end::smallint, 'until'),
                     (5, case when a.named and a.role not in (6, 7) then 15::smallint when a.named then naming_fault ($1::int, a.agency) end, 'named'),
                     -- who reads oversight content and who is above it are never the same
                     (6, case when a.named and exists (select from appointment o where o.principal_id = a.who and o.role = 5 and o.ended_at is null)
                                or a.role = 5 and exists (select from appointment o where o.principal_id = a.who and o.named and o.ended_at is null)
                              then 2 end::smallint, 'named')) v (nth, fault, detail)
        where fault is not null order by nth limit 1) f on true
), over as (
    update appointment o set ended_at = statement_timestamp ()
    from judged j
    where j.fault is null and o.principal_id = j.who and o.agency_id = j.agency and o.role = j.role and o.ended_at is null
    returning o.named, o.until
), appointed as (
    select appointment_make (j.who, j.agency, j.role, j.named, $1::int, j.until, null, (select count (*) from over)) as made from judged j where j.fault is null
)
select case when j.fault is null then 1 else 3 end, j.fault, j.detail,
       case when j.fault is null and a.made
            then order_done ($1::int, 'appoint', $2::jsonb, $3::uuid, j.agency, j.login, (select jsonb_build_object ('named', named, 'until', until) from over),
                             jsonb_build_object ('agency', $2::jsonb ->> 'agency', 'role', $2::jsonb ->> 'role', 'named', j.named, 'until', j.until), '{}')::text end
from judged j left join appointed a on true
