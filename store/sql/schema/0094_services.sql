-- Open311 marks services whose requests the public never sees: categories of oversight complaints, and what is in them.
create or replace function web.categories () returns setof json language sql stable security definer set search_path = public as $$
    with recursive tree (category_id, parent, name, private, path) as (
        select g.category_id, g.parent, g.name, g.class = 3, array [g.name, g.category_id::text] from category g where g.parent is null
        union all
        select g.category_id, g.parent, g.name, t.private or g.class = 3, t.path || array [g.name, g.category_id::text]
        from tree t join category g on g.parent = t.category_id)
    select json_build_object ('number', category_id, 'parent', parent, 'name', name, 'private', private) from tree order by path
$$;
