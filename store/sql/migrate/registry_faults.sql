-- A word of a mandate that reaches nobody, or an exception for nobody, is a slip of the pen: file, column, value, remedy.
select 'mandates', 'owner', owner, 'neither a function nor an agency has this code'
from new_mandates n
where not exists (select from new_functions f where f.code = n.owner) and not exists (select from new_agencies a where a.code = n.owner)
union
select 'mandates', 'level', level, 'neither province, regency nor -'
from new_mandates where level not in ('province', 'regency')
union
select 'competence', 'agency_code', agency_code, 'there is no such agency'
from new_competence n where not exists (select from new_agencies a where a.code = n.agency_code)
union
select 'competence', 'function_code', function_code, 'there is no such function'
from new_competence n where not exists (select from new_functions f where f.code = n.function_code)
union
select 'competence', 'region_code', region_code, 'there is no such region'
from new_competence n
where region_code is not null and not exists (select from new_regions r where r.code = region_code)
order by 1, 2, 3
