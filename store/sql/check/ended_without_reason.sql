-- Every end has an actor and, of staff, a reason.
select c.complaint_id, c.state, e.kind, e.reason from complaint c
left join ending e on e.complaint_id = c.complaint_id
where c.state in (7, 8, 9) and (e.kind is null or (e.kind in (22, 26, 72) and e.reason is null)
                                or (c.state = 7) <> (e.kind in (22, 36, 43)) or (c.state = 9) <> (e.kind = 72))
