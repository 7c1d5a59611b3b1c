-- Keys of adapters and workers that the person has to do with, the revoked ones too, and when each was used last.
-- In a list a worker's first agencies stand for all of them.
--   $1 code of the agency that they belong to or work for, or one below it; '': of all  $2 name of one of them; '': of all
with here as materialized (
    select u.agency from agency t join agency_above u on u.above = t.agency_id where t.code = $1::text
), made as materialized (
    select m.name, m.since, m.rotated from desk_keys_made () m where $2::text = '' or m.name = $2::text
)
select json_agg (t order by t.revoked_at is not null, t.name)
from (
    select p.name, case p.role when 1 then 'adapter' else 'worker' end as role, p.key, g.code as agency, g.name as agency_name, p.rights, p.revoked_at, p.old_until,
           u.used_at as last_used, m.since, m.rotated, case when $2::text <> '' then desk_tokens (p.principal_id) end as tokens,
           case when $2::text <> '' then desk_hooks (p.principal_id) end as webhooks, w.agencies, w.works_for, w.more, p.revoked_at is null and key_held_fault (session_reader (), p.principal_id) is null as may
    from principal p
    left join agency g on g.agency_id = p.agency_id
    left join key_use u on u.principal_id = p.principal_id
    left join made m on m.name = p.name
    cross join lateral (select json_agg (a.code order by a.code) as agencies, case when $2::text = '' then greatest (count (*) - 3, 0) end as more,
                               json_agg (json_build_object ('code', a.code, 'name', a.name) order by a.code) filter (where a.nth <= 3 or $2::text <> '') as works_for
                        from (select a.code, a.name, row_number () over (order by a.code) as nth
                              from principal_agency k join agency a on a.agency_id = k.agency_id where k.principal_id = p.principal_id) a) w
    where ($2::text = '' or p.name = $2::text)
      and ($1::text = '' or p.agency_id in (select agency from here)
           or exists (select from principal_agency k where k.principal_id = p.principal_id and k.agency_id in (select agency from here)))
    order by p.revoked_at is not null, p.name
    limit 2000) t
