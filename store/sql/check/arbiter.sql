-- A complaint is with its arbiter while it is returned, and not longer.
select c.complaint_id, c.state, a.agency from complaint c
join assignment a on a.complaint_id = c.complaint_id and a.lead and a.state <> 7 and a.bond = 1
where c.state < 7 and c.state <> 6
