-- One complaint as people follow it: where it is, until when, what happened.  Two complaints of one
-- number (a clash) come as two rows.  Words of a secret or oversight complaint are left out.
--   $1 tracking number
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select c.complaint_id as id, number_text (c.number) as number,
           (array ['received', 'verified', 'postponed', 'assigned', 'in_progress', 'returned', 'resolved',
                   'archived', 'blocked'])[c.state] as status,
           c.received, c.due_verify, c.due_first, c.due_resolve,
           h.code as holder, h.name as holder_name, c.flags & 6 <> 0 as secret,
           (select json_agg (row_to_json (e))
            from (select v.at, v.number,
                         case when v.kind = 1 then 'placed' when v.kind = 2 then 'hand_over'
                              when v.kind > 30 then (array ['complaint', 'reply', 'completion', 'rating', 'withdrawal'])[v.kind - 30]
                              else (array ['ack', 'nack', 'release', 'extend', 'park', 'progress', 'answer', 'ask',
                                           'hand_back', 'assign', 'support', 'close'])[v.kind - 10] end as kind,
                         a.code as agency, a.name as agency_name,
                         (select o.code from agency o where o.agency_id = (v.data ->> 'to')::int) as receiver,
                         case when c.flags & 6 = 0 then v.text end as text
                  from event v left join agency a on a.agency_id = v.agency
                  where v.complaint_id = c.complaint_id
                  order by v.at, v.number nulls last) e) as history,
           (select json_agg (row_to_json (s))
            from (select a.code as agency, w.lead, w.version,
                         (array ['ready', 'leased', 'taken', 'waiting', 'delayed', 'parked', 'done'])[w.state] as state
                  from assignment w join agency a on a.agency_id = w.agency
                  where w.complaint_id = c.complaint_id
                  order by w.lead desc, a.code) s) as assignments
    from complaint c
    left join agency h on h.agency_id = c.holder
    where c.number = number_bits ($1::text)
    order by c.complaint_id
) r
