-- A notice belongs to an event; to others than the reporter, to a bulletin.
select n.complaint_id, n.event from notice_pending n
where case when n.recipient = 0 then not exists (select from event e where e.complaint_id = n.complaint_id and e.number = n.event)
           else not exists (select from bulletin b where b.bulletin_id = n.complaint_id) end
