-- One complaint as people follow it: where it is, until when, what happened.  Two complaints of one
-- number (a clash) come as two rows.  Words of a secret or oversight complaint are left out.  Of an alias the number,
-- state, holder and due time of its main complaint, and nothing else of that one.  Of what agencies write
-- there is what they said to the reporter, and of events those that lifecycle.def lets him read; notes for one another - links,
-- why something was handed back, handed down or merged, and what - are not for those who follow it; nor are words of a reporter's about which a router has to decide first
-- (store_reply.sql), and that it does.  A number proves nothing (DOMAIN 4.5): what was said to a reporter alone has no words here, and what the reporter of an alias says on
-- the main complaint is not in its history, as it is not on its page (case_history), but that he opened it again.  Of a long history the newest, as many as an answer of aduan-query holds.
--   $1 tracking number
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select c.complaint_id as id, number_text (c.number) as number,
           (array ['received', 'verified', 'postponed', 'assigned', 'in_progress', 'returned', 'resolved',
                   'archived', 'blocked', 'merged'])[case when c.state = 6 then coalesce (r.was, 6) else c.state end] as status,
           number_text (m.number) as main,
           (array ['received', 'verified', 'postponed', 'assigned', 'in_progress', 'returned', 'resolved',
                   'archived', 'blocked'])[case when m.state = 6 then coalesce (returned_was (m.complaint_id), 6) else m.state end] as main_status, m.due_resolve as main_due_resolve,
           c.received, c.due_verify, c.due_first, c.due_resolve, c.state < 7 and due_provisional (c.due_resolve) as provisional,
           h.code as holder, h.name as holder_name, c.flags & 6 <> 0 as secret,
           (select json_agg (row_to_json (e))
            from (select v.at, v.number,
                         case when v.kind = 1 then 'placed'
                              when v.kind = 51 and v.data ? 'joined' then 'joined'
                              when v.kind = 53 then 'followed'
                              when v.kind = 54 then 'not_oversight'
                              when b.of_alias then 'reopened'
                              else s.word end as kind,
                         a.code as agency, a.name as agency_name,
                         (select o.code from agency o where o.agency_id = (v.data ->> 'to')::int) as receiver,
                         case when v.kind between 40 and 48 then v.data ->> 'clock' end as clock,
                         case when v.kind in (40, 41) then v.data ->> 'due' when v.kind in (45, 46) then coalesce (v.data ->> 'new', v.data ->> 'due') end as due,
                         case when v.kind = 42 then (v.data ->> 'late')::int end as late,
                         case when v.kind = 51 and not v.data ? 'joined' then v.data ->> 'other' end as other,
                         case v.kind when 22 then (array ['fixed', 'explained', 'planned', 'cannot_fix', 'info_given'])[(v.data ->> 'reason')::int]
                                     when 26 then endings.word [(v.data ->> 'reason')::int] when 72 then endings.word [(v.data ->> 'reason')::int] end as reason,
                         case when c.flags & 6 = 0 and (v.kind in (16, 17, 18, 22, 26, 53) or v.kind between 31 and 37)
                                   and not b.of_alias and not event_private (v.kind, v.data) and not event_held (v.kind, v.number, r.words) then v.text end as text
                  from (select w.*, sum (coalesce (octet_length (w.text), 0) + 200) over (order by w.at desc, w.number desc nulls first rows unbounded preceding) as bytes
                        from event w where w.complaint_id = c.complaint_id) v
                  cross join lateral (select event_of_alias (v.complaint_id, v.kind, v.act_key, v.data) as of_alias) b
                  cross join (select array ['sara', 'no_evidence', 'unclear', 'not_government', 'bad_format', 'too_general', 'private_party', 'in_court',
                                            'law_enforcement', 'content_rule'] as word) endings
                  left join step s on s.kind = v.kind
                  left join agency a on a.agency_id = v.agency
                  where v.bytes <= 400000 and (s.told or v.kind in (53, 54))
                    and (not b.of_alias or (v.kind = 37 and not event_held (v.kind, v.number, r.words)))
                  order by v.at, v.number nulls last) e) as history,
           (select json_agg (row_to_json (s))
            from (select a.code as agency, w.lead, w.version,
                         (array ['ready', 'leased', 'taken', 'waiting', 'delayed', 'parked', 'done'])[w.state] as state
                  from assignment w join agency a on a.agency_id = w.agency
                  where w.complaint_id = c.complaint_id
                  order by w.lead desc, a.code) s) as assignments
    from complaint c
    left join returned r on r.complaint_id = c.complaint_id
    left join merged x on x.complaint_id = c.complaint_id
    left join complaint m on m.complaint_id = x.main
    left join agency h on h.agency_id = coalesce (m.holder, c.holder)
    where c.number = number_bits ($1::text)
    order by c.complaint_id
) r
