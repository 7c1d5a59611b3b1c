-- A version never goes down: no event knows a higher one than its assignment has.
select e.complaint_id, e.version, a.version from event e
join assignment a on a.complaint_id = e.complaint_id and a.agency = e.agency where e.version > a.version
