-- The newer one stands first, and both are complaints.
select l.complaint_id, l.other from likeness l
left join complaint c on c.complaint_id = l.complaint_id
left join complaint o on o.complaint_id = l.other
where l.complaint_id <= l.other or c.complaint_id is null or o.complaint_id is null
