-- Every complaint has its first event, once.
select c.complaint_id from complaint c
where (select count (*) from event e where e.complaint_id = c.complaint_id and e.kind = 1) <> 1
