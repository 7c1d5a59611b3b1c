-- Timers look at every complaint that is open.
select complaint_id from complaint c where state < 7 and not exists (select from wake w where w.complaint_id = c.complaint_id)
