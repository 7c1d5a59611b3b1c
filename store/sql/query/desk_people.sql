-- The staff of an agency and of those below it that the person sees; who was dismissed there, too.
--   $1 code of the agency; '': of all that he sees
with here as materialized (
    select a.* from appointment a
    where ((select session_everywhere ()) or a.agency_id in (select session_scope ()))
      and ($1::text = '' or a.agency_id in (select u.agency from agency t join agency_above u on u.above = t.agency_id where t.code = $1::text))
)
select json_agg (t order by t.login)
from (
    select p.principal_id as person, p.login, p.name, p.language, p.seen_at, p.locked_until = 'infinity' as locked,
           p.locked_until > statement_timestamp () and p.locked_until < 'infinity' as rests,
           (select max (i.ends_at) from invitation i where i.principal_id = p.principal_id and i.used_at is null) as invited_until,
           json_agg (json_build_object ('agency', g.code, 'agency_name', g.name,
                                        'role', (array['coordinator', 'agency_admin', 'liaison', 'overseer', 'operator'])[a.role - 4], 'named', a.named,
                                        'deputy_of', d.login, 'since', a.since, 'until', a.until, 'ended_at', a.ended_at) order by a.ended_at nulls first, a.role, g.code) as appointments
    from here a
    join person p on p.principal_id = a.principal_id
    join agency g on g.agency_id = a.agency_id
    left join person d on d.principal_id = a.deputy_of
    group by p.principal_id, p.login, p.name, p.language, p.seen_at, p.locked_until
    order by p.login
    limit 2000) t
