-- Somebody new: a person, his first appointment, and an invitation whose token the inviter passes on.
--   $1 person  $2 arguments: login, name, agency, role; language, named, until; of the store secret (SHA-256 of the token), invited (seconds)
--   $3 key
with asked as materialized (
    select lower ($2::jsonb ->> 'login') as login, $2::jsonb ->> 'name' as name, agency_named ($2::jsonb ->> 'agency') as agency,
           role_number ($2::jsonb ->> 'role') as role, coalesce (($2::jsonb ->> 'named')::boolean, false) as named,
           ($2::jsonb ->> 'until')::timestamptz as until,
           case coalesce ($2::jsonb ->> 'language', 'id') when 'id' then 1 when 'en' then 2 end as language
), judged as materialized (
    select a.*, f.fault, f.detail
    from asked a
    left join lateral (
        select fault, detail
        from (values (1, order_fault ($1::int, a.agency, 992), 'agency'),
                     (2, case when a.role is null then 15::smallint else grant_fault ($1::int, a.agency, a.role) end, 'role'),
                     (3, case when a.login is null then 15 end::smallint, 'login'),
                     (4, case when a.name is null then 15 end::smallint, 'name'),
                     (5, case when a.language is null then 15 end::smallint, 'language'),
                     (6, case when a.until <= statement_timestamp () then 15 end::smallint, 'until'),
                     (7, case when a.named and a.role not in (6, 7) then 15::smallint when a.named then naming_fault ($1::int, a.agency) end, 'named'),
                     (8, case when exists (select from person p where p.login = a.login) then 15 end::smallint, 'login')) v (nth, fault, detail)
        where fault is not null order by nth limit 1) f on true
), made as (
    insert into principal (name, role, rights)
    select 'person ' || j.login, 4, '-' from judged j where j.fault is null
    returning principal_id
), someone as (
    insert into person (principal_id, login, name, language)
    select m.principal_id, j.login, btrim (j.name), j.language from judged j cross join made m
    returning principal_id
), appointed as (
    insert into appointment (principal_id, agency_id, role, named, appointed_by, until)
    select s.principal_id, j.agency, j.role, j.named, $1::int, j.until from judged j cross join someone s
    returning principal_id
), invited as (
    insert into invitation (token_hash, principal_id, invited_by, ends_at)
    select decode ($2::jsonb ->> 'secret', 'hex'), a.principal_id, $1::int, statement_timestamp () + make_interval (secs => ($2::jsonb ->> 'invited')::int)
    from appointed a
    returning principal_id, ends_at
)
select case when j.fault is null then 1 else 3 end, j.fault, j.detail,
       case when j.fault is null
            then order_done ($1::int, 'invite', $2::jsonb, $3::uuid, j.agency, j.login, null,
                             jsonb_build_object ('name', btrim (j.name), 'agency', $2::jsonb ->> 'agency', 'role', $2::jsonb ->> 'role', 'named', j.named, 'until', j.until),
                             jsonb_build_object ('person', i.principal_id, 'login', j.login, 'ends_at', i.ends_at))::text end
from judged j left join invited i on true
