-- What is like a complaint, the likest first, as far as the reader may see both; never from or to a secret or an oversight complaint.
--   $1 tracking number
select coalesce (json_agg (row_to_json (r) order by r.score desc, r.number), '[]')::text
from (
    select number_text (o.number) as number, o.complaint_id as id, l.score, l.reason, o.received, o.state,
           h.code as holder, h.name as holder_name, desk_title (coalesce (t.title_edited, t.title), coalesce (t.body_edited, t.body)) as title
    from complaint c
    join lateral (
        select k.other, k.score, k.reason from likeness k where k.complaint_id = c.complaint_id
        union all
        select k.complaint_id, k.score, k.reason from likeness k where k.other = c.complaint_id) l on true
    join complaint o on o.complaint_id = l.other and o.flags & 6 = 0
    join content t on t.complaint_id = o.complaint_id
    left join agency h on h.agency_id = o.holder
    where c.number = number_bits ($1::text) and c.flags & 6 = 0
      and case_until (c.complaint_id) is not null
      and case_until (o.complaint_id) is not null
    order by l.score desc
    limit 10
) r
