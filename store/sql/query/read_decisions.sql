-- What was decided, for deciding it again under other rules: a page of complaints in the order of their ids, at most
-- 200 and about 600 KB, with what the router was asked, what it said first, and who has it now.  Nothing of who
-- reported; secret ones and oversight only where it is asked for.
--   $1 the last id of the page before; empty: from the beginning  $2 "hidden": with secret and oversight ones
select coalesce (json_agg (line order by id), '[]')::text
from (
    select id, line, sum (octet_length (line::text)) over (order by id) as bytes, row_number () over (order by id) as nth
    from (
        select c.complaint_id as id, json_build_object (
                   'id', c.complaint_id, 'received', c.received, 'channel', c.channel, 'class', c.class, 'category', c.category,
                   'place', coalesce (t.place, c.region), 'region', c.region, 'location', t.location, 'latitude', t.latitude,
                   'longitude', t.longitude, 'incident', t.incident, 'target', t.target, 'anonymous', c.flags & 1 <> 0,
                   'secret', c.flags & 2 <> 0, 'oversight', c.flags & 4 <> 0, 'priority', c.priority, 'title', t.title, 'text', t.body,
                   'decided', json_build_object ('agency', d.code, 'rules', c.rules, 'registry', c.registry, 'record', t.decision::json),
                   'owner', h.code, 'state', c.state, 'rung', c.rung,
                   'refusers', (select json_agg (a.code order by e.number) from event e join agency a on a.agency_id = e.agency
                                where e.complaint_id = c.complaint_id and e.kind = 19 and e.number is not null)) as line
        from complaint c
        join content t on t.complaint_id = c.complaint_id
        join event p on p.complaint_id = c.complaint_id and p.principal = 0 and p.act_key = c.complaint_id
        left join agency d on d.agency_id = p.agency
        left join agency h on h.agency_id = c.holder
        where ($1::text = '' or c.complaint_id > nullif ($1::text, '')::uuid)
          and ($2::text = 'hidden' or c.flags & 6 = 0)
        order by c.complaint_id
        limit 200) found) page
where nth = 1 or bytes < 600000
