-- Nothing is like a secret or oversight complaint, and none has a print.
select l.complaint_id, l.other from likeness l join complaint c on c.complaint_id in (l.complaint_id, l.other) where c.flags & 6 <> 0
union all
select p.complaint_id, null from print p join complaint c on c.complaint_id = p.complaint_id where c.flags & 6 <> 0
