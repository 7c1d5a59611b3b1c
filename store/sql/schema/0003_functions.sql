-- The n-th working day after a start, as the exclusive instant (the next local midnight): DOMAIN 3.3.
-- For the rare recomputation; the store computes the due times of new complaints itself.
create function due_at (start timestamptz, days int, zone int) returns timestamptz
language sql stable as $$
    select ((d.day + 1)::timestamp - make_interval (hours => zone)) at time zone 'UTC'
    from (select day, row_number () over (order by day) as n
          from (select ((start at time zone 'UTC') + make_interval (hours => zone))::date + g as day
                from generate_series (1, days * 4 + 40) g) calendar
          where extract (isodow from day) < 6 and not exists (select from day_off o where o.day = calendar.day)) d
    where d.n = days
$$;

-- The text of the principals snapshot (docs/snapshots.md).
create function snapshot_principals () returns text language sql stable as $$
    select coalesce (string_agg (concat_ws (E'\t', 'principal', p.principal_id, p.key,
               case p.role when 1 then 'adapter' when 2 then 'worker' else 'front' end, p.name, p.rights,
               coalesce ((select string_agg (a.agency_id::text, ',' order by a.agency_id)
                          from principal_agency a where a.principal_id = p.principal_id), '-')) || E'\n',
               '' order by p.principal_id), '')
    from principal p where p.revoked_at is null
$$;

-- The text of the registry snapshot.
create function snapshot_registry () returns text language sql stable as $$
    select coalesce ((select string_agg (concat_ws (E'\t', 'function', function_id, code, name) || E'\n', ''
                      order by function_id) from function), '')
        || coalesce ((select string_agg (concat_ws (E'\t', 'agency', a.agency_id, a.code, coalesce (a.parent::text, '-'),
                      a.kind, coalesce (a.function_id::text, '-'), coalesce (a.region, '-'), a.flags, a.name) || E'\n', ''
                      order by d.depth, a.agency_id)
                      from agency a join (select agency, max (depth) as depth from agency_above group by agency) d
                        on d.agency = a.agency_id
                      where a.retired_at is null), '')
        || coalesce ((select string_agg (concat_ws (E'\t', 'region', code, level, name) || E'\n', '' order by level, code)
                      from region), '')
        || coalesce ((select string_agg (concat_ws (E'\t', 'category', category_id, coalesce (parent::text, '-'),
                      coalesce (function_id::text, '-'), coalesce (agency_id::text, '-'),
                      case class when 1 then 'complaint' when 2 then 'complaint_plain' when 3 then 'complaint_oversight'
                                 when 4 then 'aspiration' when 5 then 'info_request' else '-' end, name) || E'\n', ''
                      order by category_id) from category), '')
        || coalesce ((select string_agg (E'oversight\t' || phrase || E'\n', '' order by phrase) from oversight_phrase), '')
$$;

-- The columns of agency that follow from the tree, after every change of it.
create function agency_derive () returns void language sql as $$
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
    ), overseers as (
        select distinct on (u.agency) u.agency, i.agency_id as found
        from agency i join agency_above u on u.above = i.parent
        where u.depth > 0 and i.flags ~ '\minspectorate\M' and i.agency_id <> u.agency and i.retired_at is null
        order by u.agency, u.depth, i.agency_id
    )
    update agency a set desk = n.desk, overseer = n.overseer
    from (select b.agency_id, coalesce (d.found, r.agency_id) as desk, coalesce (o.found, r.agency_id) as overseer
          from agency b cross join root r
          left join desks d on d.agency = b.agency_id
          left join overseers o on o.agency = b.agency_id) n
    where n.agency_id = a.agency_id and (a.desk, a.overseer) is distinct from (n.desk, n.overseer);
$$;

-- Rolls a statement back whose rows another transaction has changed since it began; the store says it
-- again as for any serialization failure.
create function raced () returns int language plpgsql volatile as $$
begin
    raise exception 'rows were changed by another transaction' using errcode = '40001';
end $$;

-- Rolls a statement back that was meant for the ordinary case only; the store says the careful one.
create function unusual () returns int language plpgsql volatile as $$
begin
    raise exception 'not the ordinary case' using errcode = 'AD001';
end $$;
