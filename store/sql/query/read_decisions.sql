-- What was decided, as `aduan rules replay` reads it: a page of complaints in the order of their ids, at most 200 and
-- about 600 KB, with what the router was asked and what it said first; besides that who has them now, who gave them
-- back, and their state.  Nothing of who reported; secret ones and oversight only where it is asked for.
--   $1 the last id of the page before; empty: from the beginning  $2 "hidden": with secret and oversight ones
select coalesce (json_agg (line order by id), '[]')::text
from (
    select id, line, sum (octet_length (line::text)) over (order by id) as bytes, row_number () over (order by id) as nth
    from (
        select c.complaint_id as id, json_strip_nulls (json_build_object (
                   'id', c.complaint_id, 'number', number_text (c.number), 'received', (extract (epoch from c.received) * 1000)::bigint,
                   'agency', d.code, 'rung', coalesce ((t.decision::json ->> 'rung')::int, c.rung), 'owner', h.code,
                   'gave_back', (select json_agg (a.code order by e.number) from event e join agency a on a.agency_id = e.agency
                                 where e.complaint_id = c.complaint_id and e.kind = 19 and e.number is not null),
                   'state', (array ['received', 'verified', 'postponed', 'assigned', 'in_progress', 'returned', 'resolved', 'archived', 'blocked', 'merged'])[c.state],
                   'category', c.category, 'place', nullif (coalesce (t.place, c.region), ''), 'location', t.location,
                   'latitude', t.latitude / 1e7, 'longitude', t.longitude / 1e7, 'target', t.target,
                   'priority', (array ['emergency', 'high', 'normal', 'bulk'])[c.priority],
                   'channel', (array ['web', 'app', 'agency-page', 'hotline', 'sms', 'email', 'whatsapp', 'social', 'walk-in', 'letter',
                                      'open311', 'partner', 'import'])[c.channel],
                   'class', (array ['complaint', 'complaint_plain', 'complaint_oversight', 'aspiration', 'info_request'])[c.class],
                   'title', t.title, 'text', t.body)) as line
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
