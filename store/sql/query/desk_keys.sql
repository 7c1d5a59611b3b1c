-- Keys of adapters and workers that the person has to do with, the revoked ones too, and when each was used last.
select json_agg (t order by t.name)
from (
    select p.name, case p.role when 1 then 'adapter' else 'worker' end as role, p.key, g.code as agency, p.rights, p.revoked_at, p.old_until, u.used_at as last_used,
           (select json_agg (a.code order by a.code) from principal_agency w join agency a on a.agency_id = w.agency_id where w.principal_id = p.principal_id) as agencies
    from principal p
    left join agency g on g.agency_id = p.agency_id
    left join key_use u on u.principal_id = p.principal_id
    order by p.name
    limit 2000) t
