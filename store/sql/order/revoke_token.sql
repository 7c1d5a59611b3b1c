-- The tokens of an adapter are good nowhere any more, within two seconds; its key goes on.
--   $1 person  $2 arguments: name; sandbox (only those that are, or are not)  $3 key
with asked as materialized (
    select p.principal_id as who, p.name, ($2::jsonb ->> 'sandbox')::boolean as sandbox,
           coalesce (p.agency_id, (select agency_id from agency where parent is null order by agency_id limit 1)) as owner,
           case when p.principal_id is null then 3 else key_held_fault ($1::int, p.principal_id) end as fault
    from (values (1)) one left join principal p on p.name = $2::jsonb ->> 'name' and p.role in (1, 2) and p.revoked_at is null
), ended as (
    delete from token t using asked a where a.fault is null and t.principal_id = a.who and t.sandbox = coalesce (a.sandbox, t.sandbox)
    returning 1
)
select case when a.fault is null then 1 else 3 end, a.fault, case when a.fault is not null then 'name' end,
       case when a.fault is null
            then order_done ($1::int, 'revoke_token', $2::jsonb, $3::uuid, a.owner, a.name, null, jsonb_build_object ('ended', (select count (*) from ended), 'sandbox', a.sandbox),
                             jsonb_build_object ('ended', (select count (*) from ended)))::text end
from asked a
