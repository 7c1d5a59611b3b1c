-- Categories to choose from, each with the one above it.
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select g.category_id as number, g.name, coalesce (p.name, g.name) as parent, g.class
    from category g left join category p on p.category_id = g.parent
    where session_reader () is not null and not exists (select from category below where below.parent = g.category_id)
    order by coalesce (p.name, g.name), g.name
) r
