-- A page of the official table (docs/channels.md, "Moving in and out"), at most 200 rows and about 600 KB, in the order of their ids: one
-- goes on behind the last row, of which one with `rest` is no complaint's, until there is none.  Numbers are texts here.  Title and texts
-- of secret ones are left out, but for whoever asks for all and has said that he looks at them: `unlooked` are those of which he has not.
-- Nothing of who reported.
--   $1 last id of the page before, empty: from the beginning  $2 from this day on  $3 up to this day  $4 an agency's code, with all below it
--   $5 "full": with secret ones' words  $6 hours east of UTC of these days
with found as materialized (
    select *
    from export_page (coalesce (nullif ($1::text, '')::uuid, '00000000-0000-0000-0000-000000000000'),
                      (nullif ($2::text, '')::date::timestamp - make_interval (hours => $6::int)) at time zone 'UTC',
                      (nullif ($3::text, '')::date + 1 - make_interval (hours => $6::int)) at time zone 'UTC', $4::text, 200, 20000)
), course as materialized (
    select e.* from export_course ((select array_agg (complaint_id) from found where not rest)) e
)
select coalesce (json_agg (line order by id), '[]')::text
from (
    select id, line, sum (octet_length (line::text)) over (order by id) as bytes, row_number () over (order by id) as nth
    from (
        select f.complaint_id as id, json_strip_nulls (json_build_object (
            'id', f.complaint_id, 'rest', nullif (f.rest, false), 'unlooked', case when not v.reads then true end,
            'number', number_text (c.number), 'day', left (stamp_in (f.came, f.zone), 10), 'clock', substr (stamp_in (f.came, f.zone), 12, 8),
            'class', c.class::text, 'category', c.category::text, 'category_name', g.name,
            'title', case when v.reads then coalesce (t.title_edited, t.title) end, 'text', case when v.reads then t.body end,
            'edited', case when v.reads then t.body_edited end,
            'type', (c.flags & 3)::text, 'channel', c.channel::text,
            'parent', coalesce (p.name, h.name), 'holder', case when c.state <> 1 and c.state <> 2 then h.code end,
            'holder_name', case when c.state <> 1 and c.state <> 2 then h.name end,
            'state', c.state::text, 'ended_by', e.ended_by, 'reason', e.reason,
            'why', case when v.reads and c.state = 3 then (select x.text from event x where x.complaint_id = c.complaint_id and x.kind = 18 and x.number is not null
                                                           order by x.number desc limit 1) end,
            'province', place_name (c.region, 1), 'regency', place_name (c.region, 2), 'district', place_name (c.region, 3), 'village', place_name (c.region, 4),
            'zone', 'UTC' || to_char (f.zone, 'SG00') || ':00', 'received_at', stamp_in (c.received, f.zone), 'assigned_at', stamp_in (e.assigned_at, f.zone),
            'first_follow_up_at', stamp_in (e.first_at, f.zone), 'ended_at', stamp_in (e.ended_at, f.zone),
            'due_verify', stamp_in (c.due_verify, f.zone), 'due_first', stamp_in (c.due_first, f.zone), 'due_resolve', stamp_in (c.due_resolve, f.zone),
            'breaches', e.breaches, 'hops', e.hops::text, 'paused_days', e.paused::text, 'external', t.external)) as line
        from found f
        -- a row at a time, by the key: planned as a join with its policy it would read all complaints
        left join lateral (select * from complaint x where x.complaint_id = f.complaint_id and not f.rest limit 1) c on true
        left join lateral (select x.title, x.body, x.title_edited, x.body_edited, x.external from content x where x.complaint_id = c.complaint_id limit 1) t on true
        left join agency h on h.agency_id = c.holder
        left join agency p on p.agency_id = h.parent
        left join category g on g.category_id = c.category
        left join course e on e.complaint_id = c.complaint_id
        cross join lateral (select c.flags & 6 = 0 or ($5::text = 'full' and session_looked (c.complaint_id)) as reads) v
        order by f.complaint_id
    ) made) page
where nth = 1 or bytes < 600000
