-- Who was invited chooses a password and gets a second factor; from then on he can log in.  An invitation counts once; the same
-- order again is told the same, and one with another password refused.  Whoever was logged in as this person before is not any more.
--   $1 person  $2 arguments: of the store token (the invitation's, as its hash), hash (of the password), factor (sealed)  $3 key
with asked as materialized (
    select i.token_hash, i.used_key, p.login, p.name,
           exists (select from ordered o where o.principal_id = $1::int and o.key = $3::uuid
                                           and o.digest <> decode ($2::jsonb ->> 'digest', 'hex')) as other
    from invitation i
    join person p on p.principal_id = i.principal_id
    join principal x on x.principal_id = i.principal_id and x.revoked_at is null
    where i.token_hash = decode ($2::jsonb ->> 'token', 'hex') and i.principal_id = $1::int
      and case when i.used_at is null then i.ends_at > statement_timestamp () else i.used_key = $3::uuid end
), used as (
    update invitation i set used_at = statement_timestamp (), used_key = $3::uuid
    from asked q where i.token_hash = q.token_hash and q.used_key is null
    returning i.principal_id
), ended as (
    delete from session s using used u where s.principal_id = u.principal_id
), others as (
    delete from invitation i using asked q
    where i.principal_id = $1::int and i.token_hash <> q.token_hash and i.used_at is null
), made as (
    update person p
    set password = $2::jsonb ->> 'hash', factor = decode ($2::jsonb ->> 'factor', 'hex'), factor_step = 0, failures = 0,
        locked_until = case when p.locked_until = 'infinity' then p.locked_until end
    from used u where p.principal_id = u.principal_id
    returning p.principal_id
)
select case when q.login is null or q.other then 3 else 1 end, case when q.login is null then 3 when q.other then 5 end,
       case when q.login is null then 'token' end,
       (case when q.other then null
             when m.principal_id is not null
             then order_done ($1::int, 'accept_invitation', $2::jsonb, $3::uuid, (select min (agency_id) from appointment where principal_id = $1::int and ended_at is null), q.login, null, null, said.result)
             else said.result end)::text
from (values (1)) one
left join asked q on true
left join made m on true
cross join lateral (select jsonb_build_object ('login', q.login, 'name', q.name) as result) said
