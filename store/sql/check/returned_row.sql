-- A complaint whose hand-back waits for a router's decision has its row, and no other has one.
select coalesce (c.complaint_id, r.complaint_id) as complaint_id, c.state, r.event
from (select c.complaint_id, c.state from complaint c
      join assignment a on a.complaint_id = c.complaint_id and a.agency = c.holder and a.bond <> 1
      where c.state = 6) c
full join returned r on r.complaint_id = c.complaint_id
where c.complaint_id is null or r.complaint_id is null
