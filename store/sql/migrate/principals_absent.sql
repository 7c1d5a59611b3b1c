-- A line that was taken out revokes nothing: a file that is damaged or cut must lock nobody out.
select p.name, case p.role when 1 then 'adapter' when 2 then 'worker' else 'front' end, p.key
from principal p
where p.revoked_at is null and p.role < 4 and p.agency_id is null and not exists (select from new_principals n where n.name = p.name)
order by p.name
