-- Who is marked as a main complaint has aliases.
select c.complaint_id from complaint c where c.flags & 32 <> 0 and not exists (select from merged x where x.main = c.complaint_id)
