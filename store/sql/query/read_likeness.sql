-- What is like a complaint, the likest first, within one agency and those below it, as is the complaint itself; nothing
-- without an agency.  Of an alias also what it was merged into.
--   $1 tracking number  $2 the agency's code
select coalesce (json_agg (row_to_json (r) order by r.score desc, r.number), '[]')::text
from (
    select number_text (o.number) as number, o.complaint_id as id, l.score, l.reason, l.at, o.received,
           (array ['received', 'verified', 'postponed', 'assigned', 'in_progress', 'returned', 'resolved', 'archived',
                   'blocked', 'merged'])[o.state] as status,
           (select number_text (m.number) from merged x join complaint m on m.complaint_id = x.main
            where x.complaint_id = o.complaint_id) as main,
           h.code as holder, h.name as holder_name, t.title, o.region, t.location
    from agency scope
    join complaint c on c.number = number_bits ($1::text) and c.flags & 6 = 0
         and exists (select from agency_above u where u.agency = c.holder and u.above = scope.agency_id)
    join lateral (
        select k.other, k.score, k.reason, k.at from likeness k where k.complaint_id = c.complaint_id
        union all
        select k.complaint_id, k.score, k.reason, k.at from likeness k where k.other = c.complaint_id) l on true
    join complaint o on o.complaint_id = l.other and o.flags & 6 = 0
         and exists (select from agency_above u where u.agency = o.holder and u.above = scope.agency_id)
    join content t on t.complaint_id = o.complaint_id
    left join agency h on h.agency_id = o.holder
    where scope.code = $2::text
) r
