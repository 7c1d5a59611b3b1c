-- Every complaint has its words.
select complaint_id from complaint c where not exists (select from content t where t.complaint_id = c.complaint_id)
