-- The lead assignment is the holder's.
select c.complaint_id, c.holder, a.agency from complaint c
join assignment a on a.complaint_id = c.complaint_id and a.lead and a.state <> 7
where c.state < 7 and a.agency <> c.holder
