-- Every complaint has its first event, once: it was stored with its decision, or split off another one.
select c.complaint_id from complaint c
where (select count (*) from event e where e.complaint_id = c.complaint_id and (e.kind = 1 or (e.kind = 28 and e.data ? 'of'))) <> 1
