-- What is merged is an alias of a complaint that is none, is not secret, and ended no otherwise than resolved.
select coalesce (c.complaint_id, x.complaint_id) as complaint_id, c.state, m.state as main
from (select * from complaint where state = 10) c
full join merged x on x.complaint_id = c.complaint_id
left join complaint m on m.complaint_id = x.main
where c.complaint_id is null or x.complaint_id is null or m.complaint_id is null or m.state > 7 or m.flags & 38 <> 32 or c.flags & 38 <> 0
   or x.main = x.complaint_id
