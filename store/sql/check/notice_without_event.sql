-- A notice belongs to an event.
select n.complaint_id, n.event from notice_pending n
where not exists (select from event e where e.complaint_id = n.complaint_id and e.number = n.event)
