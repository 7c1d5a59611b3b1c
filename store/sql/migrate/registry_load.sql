-- The registry into force: what is there already and the same is left alone, and what is not in the files is retired, never deleted,
-- because numbers are for ever.  What people have changed by orders (by_order) is theirs.

-- a conflict would use up a number, and functions have few
-- Without their statistics each of these is planned as if a table held a handful of rows: minutes instead of seconds.
set local jit = off;
analyze new_functions, new_regions, new_agencies, new_categories, new_oversight, new_competence, new_mandates;
insert into function (code, name, unit_name, levels)
select code, name, unit_name, levels from new_functions n where not exists (select from function f where f.code = n.code);

update function f set name = n.name, unit_name = n.unit_name, levels = n.levels
from new_functions n
where f.code = n.code and (f.name, f.unit_name, f.levels) is distinct from (n.name, n.unit_name, n.levels);

insert into region (code, level, name, zone)
select code, level, name, case zone when 'WIB' then 7 when 'WITA' then 8 when 'WIT' then 9 end from new_regions
on conflict (code) do update set level = excluded.level, name = excluded.name, zone = excluded.zone
where (region.level, region.name, region.zone) is distinct from (excluded.level, excluded.name, excluded.zone);

insert into agency (code, kind, name)
select code, kind, name from new_agencies n where not exists (select from agency a where a.code = n.code);

-- without a zone of its own an agency has that of the next one above that has one
analyze region, agency;
create temp table new_zones on commit drop as
with recursive up (code, parent_code, zone, depth) as (
    select code, parent_code, zone, 0 from new_agencies
    union all
    select up.code, p.parent_code, p.zone, up.depth + 1 from up join new_agencies p on p.code = up.parent_code
    where up.zone is null and up.depth < 32
)
select distinct on (code) code, case zone when 'WITA' then 8 when 'WIT' then 9 else 7 end as zone from up order by code, depth desc;
analyze new_zones;

update agency a set parent = p.agency_id, kind = n.kind, function_id = f.function_id, region = n.region_code,
       flags = coalesce (n.flags, '-'), name = n.name, zone = z.zone, retired_at = null
from new_agencies n
join new_zones z on z.code = n.code
left join agency p on p.code = n.parent_code
left join function f on f.code = n.function_code
where a.code = n.code and a.by_order is null
  and (a.parent, a.kind, a.function_id, a.region, a.flags, a.name, a.zone, a.retired_at)
      is distinct from (p.agency_id, n.kind, f.function_id, n.region_code, coalesce (n.flags, '-'), n.name, z.zone, null);

update agency a set retired_at = now ()
where retired_at is null and by_order is null and not exists (select from new_agencies n where n.code = a.code);

insert into category (category_id, parent, function_id, agency_id, class, name, level, sure)
select n.number, n.parent_number, f.function_id, a.agency_id,
       case n.class when 'complaint' then 1 when 'complaint_plain' then 2 when 'complaint_oversight' then 3 when 'aspiration' then 4
                    when 'info_request' then 5 else 0 end,
       n.name, case n.level when 'province' then 1 when 'regency' then 2 else 0 end, coalesce (n.sure, 930)
from new_categories n
left join function f on f.code = n.function_code
left join agency a on a.code = n.agency_code
order by n.number
on conflict (category_id) do update set parent = excluded.parent, function_id = excluded.function_id, agency_id = excluded.agency_id,
    class = excluded.class, name = excluded.name, level = excluded.level, sure = excluded.sure
where (category.parent, category.function_id, category.agency_id, category.class, category.name, category.level, category.sure)
      is distinct from (excluded.parent, excluded.function_id, excluded.agency_id, excluded.class, excluded.name, excluded.level, excluded.sure);

insert into oversight_phrase (phrase, kind)
select phrase, min (coalesce (kind, 'word')) from new_oversight group by phrase
on conflict (phrase) do update set kind = excluded.kind where oversight_phrase.kind is distinct from excluded.kind;
delete from oversight_phrase p where not exists (select from new_oversight n where n.phrase = p.phrase);

analyze agency;
select agency_derive ();

delete from competence where by_order is null;
insert into competence
select a.agency_id, f.function_id, n.region_code
from new_competence n join agency a on a.code = n.agency_code join function f on f.code = n.function_code
on conflict do nothing;

delete from mandate;
insert into mandate (function_id, agency_id, phrase, weight, level)
select f.function_id, case when f.function_id is null then a.agency_id end, n.phrase, n.weight,
       case n.level when 'province' then 1 when 'regency' then 2 else 0 end
from new_mandates n left join function f on f.code = n.owner left join agency a on a.code = n.owner;

-- after a first load nobody has counted yet
analyze agency
