-- The count of those who have the same problem is that of their rows.
select coalesce (s.complaint_id, r.complaint_id) as complaint_id, s.count, r.rows
from supported s
full join (select complaint_id, count (*) as rows from supporter group by 1) r on r.complaint_id = s.complaint_id
where s.count is distinct from r.rows
