-- A placed complaint has its first-answer clock, an unplaced one its verification clock; all have the resolution clock.
select complaint_id from complaint
where due_resolve is null or (due_first is null) = (due_verify is null)
