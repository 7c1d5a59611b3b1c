-- A complaint in progress was placed and has a follow-up.
select c.complaint_id from complaint c
where c.state = 5 and (c.due_first is null
                       or not exists (select from event e where e.complaint_id = c.complaint_id and e.kind in (16, 17)))
