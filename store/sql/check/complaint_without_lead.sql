-- An open complaint has exactly one lead assignment that is not done.
select c.complaint_id, count (a.*) from complaint c
left join assignment a on a.complaint_id = c.complaint_id and a.lead and a.state <> 7
where c.state < 7 group by c.complaint_id having count (a.*) <> 1
