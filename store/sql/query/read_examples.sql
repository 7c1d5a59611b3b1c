-- Complaints with a confirmed outcome, as `aduan rules learn` reads them: a page in the order of their ids, at most 200
-- and about 600 KB.  The label is the function of who has done it, else of whom the arbiter, a superior or the asker
-- named, the last of the strongest kind that did not give it back; of an agency without a function that of the next
-- above it, else the agency's code.  `not` are those that gave it back.  Nothing of who reported; secret complaints and
-- oversight only where it is asked for.
--   $1 the last id of the page before; empty: from the beginning  $2 "hidden": with secret and oversight ones
select coalesce (json_agg (line order by id), '[]')::text
from (
    select id, line, sum (octet_length (line::text)) over (order by id) as bytes, row_number () over (order by id) as nth
    from (
        select c.complaint_id as id, json_strip_nulls (json_build_object (
                   'id', c.complaint_id, 'time', (extract (epoch from c.received) * 1000)::bigint, 'label', l.label, 'agency', l.code, 'kind', l.kind,
                   'not', n.labels, 'category', c.category, 'place', nullif (coalesce (t.place, c.region), ''), 'location', t.location,
                   'latitude', t.latitude / 1e7, 'longitude', t.longitude / 1e7, 'target', t.target,
                   'channel', (array ['web', 'app', 'agency-page', 'hotline', 'sms', 'email', 'whatsapp', 'social', 'walk-in', 'letter',
                                      'open311', 'partner', 'import'])[c.channel],
                   'class', (array ['complaint', 'complaint_plain', 'complaint_oversight', 'aspiration', 'info_request'])[c.class],
                   'title', t.title, 'text', t.body)) as line
        from complaint c
        join content t on t.complaint_id = c.complaint_id
        cross join lateral (
            select a.code, x.kind, coalesce ((select f.code from agency_above u
                                              join agency o on o.agency_id = u.above
                                              join function f on f.function_id = o.function_id
                                              where u.agency = a.agency_id order by u.depth limit 1), a.code) as label
            from example x
            join agency a on a.agency_id = x.agency
            where x.complaint_id = c.complaint_id and x.positive
              and not exists (select from example y where y.complaint_id = x.complaint_id and y.agency = x.agency
                                                     and not y.positive and y.at > x.at)
            order by array_position (array ['closed', 'answered', 'ordered', 'assigned', 'handed_over'], x.kind), x.at desc
            limit 1) l
        cross join lateral (
            select json_agg (distinct coalesce (f.code, a.code)) as labels
            from example x
            join agency a on a.agency_id = x.agency
            left join function f on f.function_id = x.function_id
            where x.complaint_id = c.complaint_id and x.kind in ('handed_back', 'not_oversight') and x.agency <> all (
                select y.agency from example y where y.complaint_id = c.complaint_id and y.positive and y.at > x.at)) n
        where ($1::text = '' or c.complaint_id > nullif ($1::text, '')::uuid)
          and ($2::text = 'hidden' or c.flags & 6 = 0)
        order by c.complaint_id
        limit 200) found) page
where nth = 1 or bytes < 600000
