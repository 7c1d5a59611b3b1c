-- Webhooks of the adapters that the reader has to do with: where each stands, and what became of its last try.
--   $1 name of an adapter's key; '': of all
select coalesce (json_agg (w.hook || jsonb_build_object ('client', p.name, 'owner', g.code) order by p.name, (w.hook ->> 'webhook')::int), '[]')::text
from principal p
left join agency g on g.agency_id = p.agency_id
cross join lateral jsonb_array_elements (desk_hooks (p.principal_id)) w (hook)
where p.role = 1 and p.revoked_at is null and ($1::text = '' or p.name = $1::text)
