-- What happened to one complaint, oldest first, as far as the reader may see it; words about which a router has to decide first are held.
--   $1 tracking number
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select c.complaint_id as id, e.at, e.kind, e.number, a.code as agency, a.name as agency_name, coalesce (q.name, x.name) as who,
           case when l.level = 2 and not (e.kind in (32, 33) and coalesce (e.number >= y.words, false)) then e.text end as text,
           e.data ->> 'reason' as reason, e.data ->> 'resolution' as resolution, e.data ->> 'ending' as ending,
           coalesce (e.data ->> 'other', '') as other,
           e.kind = 29 and not exists (select from event v where v.complaint_id = e.complaint_id and v.kind in (70, 71)
                                                         and (v.data ->> 'event')::int = e.number) as pending,
           d.code as receiver, d.name as receiver_name, e.data ->> 'rating' as rating,
           case when l.level = 2 then e.data ->> 'attachments' end as attachments
    from complaint c
    cross join lateral (select desk_level (session_reader (), c.complaint_id, c.holder, c.flags) as level) l
    join event e on e.complaint_id = c.complaint_id
    left join returned y on y.complaint_id = c.complaint_id
    left join agency a on a.agency_id = e.agency
    left join principal x on x.principal_id = e.principal
    left join person q on q.principal_id = x.principal_id
    left join agency d on d.agency_id = coalesce (e.data ->> 'to', e.data ->> 'suggested')::int
    where c.number = number_bits ($1::text) and l.level > 0
    order by e.at, e.number nulls last
    limit 500
) r
