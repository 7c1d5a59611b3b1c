-- What happened to one complaint, oldest first, as far as the reader may see it: the last 500 things, or as many as have 400,000
-- bytes of words (an answer of aduan-query holds a million, and JSON may double them); `older` says how many are left out.  Words
-- about which a router has to decide first are held, and so is what came with them.
--   $1 tracking number
select coalesce (json_agg (row_to_json (r) order by r.at, r.number nulls last), '[]')::text
from (
    select c.complaint_id as id, e.at, e.kind, e.number, a.code as agency, a.name as agency_name, case when e.principal > 0 then desk_who (e.principal, e.agency) end as who,
           case when l.level = 2 and not event_held (e.kind, e.number, y.words) then e.text end as text,
           e.data ->> 'reason' as reason, case when e.kind = 22 then e.data ->> 'reason' end as resolution, case when e.kind in (26, 72) then e.data ->> 'reason' end as ending,
           coalesce (e.data ->> 'other', '') as other,
           e.kind = 29 and not exists (select from event v where v.complaint_id = e.complaint_id and v.kind in (16, 17, 71)
                                                         and (v.data ->> 'draft')::int = e.number)
               and e.principal <> session_reader () as pending,
           case when e.kind = 73 then desk_who ((e.data ->> 'former')::int, e.agency) end as former, d.code as receiver, d.name as receiver_name, e.data ->> 'rating' as rating,
           case when l.files and not event_held (e.kind, e.number, y.words) then e.data ->> 'attachments' end as attachments, e.total - count (*) over () as older
    from complaint c
    cross join lateral (select case when case_until (c.complaint_id) is not null then 2 when case_seen (c.complaint_id) then 1 else 0 end as level,
                               coalesce (case_until (c.complaint_id) = 'infinity', false) as files) l
    cross join lateral (
        select * from (
            select v.*, count (*) over () as total, row_number () over w as nth, sum (coalesce (octet_length (v.text), 0) + 200) over w as bytes
            from event v where v.complaint_id = c.complaint_id
            window w as (order by v.at desc, v.number desc nulls first rows unbounded preceding)) v
        where v.nth <= 500 and v.bytes <= 400000) e
    left join returned y on y.complaint_id = c.complaint_id
    left join agency a on a.agency_id = e.agency
    left join agency d on d.agency_id = coalesce (e.data ->> 'to', e.data ->> 'suggested')::int
    where c.number = number_bits ($1::text) and l.level > 0
) r
