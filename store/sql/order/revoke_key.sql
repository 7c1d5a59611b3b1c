-- A key, and the old one beside it, is let in nowhere any more, within a second.
--   $1 person  $2 arguments: name  $3 key
with asked as materialized (
    select p.principal_id as who, p.name, p.agency_id as owner, case when p.principal_id is null then 3 else key_held_fault ($1::int, p.principal_id) end as fault
    from (values (1)) one left join principal p on p.name = $2::jsonb ->> 'name' and p.role in (1, 2) and p.revoked_at is null
), revoked as (
    update principal p
    set revoked_at = statement_timestamp (), old_key = null, old_until = null,
        agency_id = coalesce (p.agency_id, (select agency_id from agency where parent is null order by agency_id limit 1))
    from asked a where a.fault is null and p.principal_id = a.who
    returning p.agency_id
)
select case when a.fault is null then 1 else 3 end, a.fault, case when a.fault is not null then 'name' end,
       case when a.fault is null then order_done ($1::int, 'revoke_key', $2::jsonb, $3::uuid, r.agency_id, a.name, null, '{"revoked": true}', '{}')::text end
from asked a left join revoked r on true
