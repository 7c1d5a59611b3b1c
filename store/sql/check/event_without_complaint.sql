-- No event without its complaint.
select e.complaint_id from event e where not exists (select from complaint c where c.complaint_id = e.complaint_id)
