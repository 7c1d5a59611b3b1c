-- An alias has no work of its own.
select a.complaint_id, a.agency, a.state from assignment a join merged x on x.complaint_id = a.complaint_id where a.state <> 7
