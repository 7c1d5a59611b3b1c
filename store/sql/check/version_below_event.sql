-- A version never goes down: no event knows a higher one than its assignment has, or than the complaint has where it was said from
-- above the holder.
select e.complaint_id, e.version, case when e.data ? 'above' then c.version else a.version end as has
from event e
join complaint c on c.complaint_id = e.complaint_id
left join assignment a on a.complaint_id = e.complaint_id and a.agency = e.agency
where e.version > case when e.data ? 'above' then c.version else a.version end
