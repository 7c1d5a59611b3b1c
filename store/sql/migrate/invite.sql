-- Somebody into the root, by a token, whether he is there already or not.  No row: there is no root, or no such role.
--   $1 login  $2 name  $3 role  $4 SHA-256 of the token, in hexadecimal  $5 days that it is good
with asked as materialized (
    select r.agency_id, role_number ($3) as role, p.principal_id
    from agency r left join person p on p.login = lower ($1)
    where r.parent is null and role_number ($3) is not null
    order by r.agency_id limit 1
), made as (
    insert into principal (name, role, rights)
    select 'person ' || lower ($1), 4, '-' from asked where principal_id is null
    returning principal_id
), someone as (
    insert into person (principal_id, login, name) select principal_id, lower ($1), $2 from made returning principal_id
), who as (
    select principal_id from someone
    union all
    select principal_id from asked where principal_id is not null
), appointed as (
    insert into appointment (principal_id, agency_id, role, appointed_by)
    select w.principal_id, a.agency_id, a.role, 0 from who w cross join asked a
    on conflict do nothing
), invited as (
    insert into invitation (token_hash, principal_id, invited_by, ends_at)
    select decode ($4, 'hex'), principal_id, 0, now () + make_interval (days => $5::text::int) from who
    returning principal_id
), noted as (
    insert into change (principal_id, name, agency_id, subject, new)
    select 0, 'invite', a.agency_id, lower ($1), jsonb_build_object ('role', $3::text) from asked a cross join invited
)
select principal_id from invited
