-- The categories: number, name, whose business they are, which class they imply.
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select c.category_id as number, c.parent, c.name, f.code as function, a.code as agency,
           (array ['complaint', 'complaint_plain', 'complaint_oversight', 'aspiration', 'info_request'])[c.class] as class
    from category c
    left join function f on f.function_id = c.function_id
    left join agency a on a.agency_id = c.agency_id
    order by c.parent nulls first, c.category_id
) r
