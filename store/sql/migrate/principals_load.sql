-- The lines into force.  Whoever is not in the file stays as he is.
insert into principal (name, role, key, rights, revoked_at)
select n.name, case n.role when 'adapter' then 1 when 'worker' then 2 when 'front' then 3 end, n.key, coalesce (n.rights, '-'),
       case when n.state = 'revoked' then now () end
from new_principals n where not exists (select from principal p where p.name = n.name);

update principal p set role = r.role, key = n.key, rights = coalesce (n.rights, '-'),
       revoked_at = case when n.state = 'revoked' then coalesce (p.revoked_at, now ()) end
from new_principals n join (values ('adapter', 1), ('worker', 2), ('front', 3)) r (word, role) on r.word = n.role
where p.name = n.name
  and (p.role, p.key, p.rights, p.revoked_at is null) is distinct from (r.role, n.key, coalesce (n.rights, '-'), n.state = 'active');

create temp table new_pairs on commit drop as
select p.principal_id, a.agency_id
from new_principals n
join principal p on p.name = n.name
cross join lateral unnest (string_to_array (n.agencies, ',')) c (code)
join agency a on a.code = c.code;

insert into principal_agency
select distinct * from new_pairs n
where not exists (select from principal_agency o where (o.principal_id, o.agency_id) = (n.principal_id, n.agency_id));

delete from principal_agency o using principal p, new_principals n
where p.principal_id = o.principal_id and n.name = p.name
  and not exists (select from new_pairs w where (w.principal_id, w.agency_id) = (o.principal_id, o.agency_id))
