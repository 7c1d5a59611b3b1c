-- What is queued is what a PULL may find.
select complaint_id, agency, state from assignment where queued <> (state in (1, 2, 5))
