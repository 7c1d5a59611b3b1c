-- What is seen only with all lines and the database at hand: line, column, value, remedy.
select line, 'name', name, 'it stands in line ' || first || ' already'
from (select line, name, min (line) over (partition by name) as first from new_principals where name is not null) d
where first < line
union all
select line, 'key', key, 'it stands in line ' || first || ' already: every name has a key of its own'
from (select line, key, min (line) over (partition by key) as first from new_principals where key is not null) d
where first < line
union all
select n.line, 'key', n.key,
       'it is the key of ' || p.name || ' and stays so: a name is never changed; for a new one make a key with aduan keygen'
from new_principals n join principal p on p.key = n.key where p.name <> n.name
union all
select n.line, 'key', n.key, 'it is good still, of ' || p.name || ', until its rotation is over'
from new_principals n join principal p on p.old_key = n.key
union all
select n.line, 'agencies', c.code, 'the registry has no such code (aduan ask agency BEGINNING lists them)'
from new_principals n, unnest (string_to_array (n.agencies, ',')) c (code)
where not exists (select from agency a where a.code = c.code)
order by 1, 2, 3
