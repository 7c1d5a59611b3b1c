-- Complaints with what their outcomes teach, for learning: a page of them, in the order of their ids, at most 200
-- and about 600 KB.  Nothing of who reported; secret ones and oversight only where it is asked for.
--   $1 the last id of the page before; empty: from the beginning  $2 "hidden": with secret and oversight ones
select coalesce (json_agg (line order by id), '[]')::text
from (
    select id, line, sum (octet_length (line::text)) over (order by id) as bytes, row_number () over (order by id) as nth
    from (
        select c.complaint_id as id, json_build_object (
                   'id', c.complaint_id, 'received', c.received, 'channel', c.channel, 'class', c.class, 'category', c.category,
                   'place', coalesce (t.place, c.region), 'region', c.region, 'location', t.location, 'latitude', t.latitude,
                   'longitude', t.longitude, 'target', t.target, 'title', t.title, 'text', t.body,
                   'labels', l.labels) as line
        from complaint c
        join content t on t.complaint_id = c.complaint_id
        cross join lateral (
            select json_agg (json_build_object ('at', x.at, 'agency', a.code, 'function', f.code, 'kind', x.kind, 'positive', x.positive)
                             order by x.at, x.positive) as labels
            from example x
            join agency a on a.agency_id = x.agency
            left join function f on f.function_id = x.function_id
            where x.complaint_id = c.complaint_id) l
        where ($1::text = '' or c.complaint_id > nullif ($1::text, '')::uuid)
          and ($2::text = 'hidden' or c.flags & 6 = 0)
          and l.labels is not null
        order by c.complaint_id
        limit 200) found) page
where nth = 1 or bytes < 600000
