-- Over a regency's inspectorate stands its province's, as for the router's ladder, though regencies hang below the root: the
-- tree says whose unit an agency is, not who oversees whom.  As in 0003, but for that.
create or replace function agency_derive () returns void language sql as $$
    delete from agency_above;
    insert into agency_above
        with recursive up (agency, above, depth) as (
            select agency_id, agency_id, 0 from agency
            union all
            select up.agency, a.parent, up.depth + 1 from up join agency a on a.agency_id = up.above
            where a.parent is not null)
        select agency, above, depth from up;
    with root as (
        select agency_id from agency where parent is null order by agency_id limit 1
    ), desks as (
        select distinct on (u.agency) u.agency, u.above as found
        from agency d join agency_above u on u.above = d.agency_id
        where u.depth > 0 and d.flags ~ '\mdesk\M' and d.retired_at is null
        order by u.agency, u.depth
    ), inspectorates as (
        select agency_id, parent, region from agency where flags ~ '\minspectorate\M' and retired_at is null
    ), overseers as (
        select distinct on (f.agency) f.agency, f.found
        from (select u.agency, i.agency_id as found, i.region, u.depth
              from inspectorates i join agency_above u on u.above = i.parent
              where u.depth > 0 and i.agency_id <> u.agency
              union all
              select u.agency, i.agency_id, i.region, u.depth
              from inspectorates i
              join agency g on g.region like i.region || '.%' and g.flags ~ '\mdesk\M'
              join agency_above u on u.above = g.agency_id) f
        order by f.agency, length (f.region) desc nulls last, f.depth, f.found
    )
    update agency a set desk = n.desk, overseer = n.overseer
    from (select b.agency_id, coalesce (d.found, r.agency_id) as desk, coalesce (o.found, r.agency_id) as overseer
          from agency b cross join root r
          left join desks d on d.agency = b.agency_id
          left join overseers o on o.agency = b.agency_id) n
    where n.agency_id = a.agency_id and (a.desk, a.overseer) is distinct from (n.desk, n.overseer);
$$;
select agency_derive ();
