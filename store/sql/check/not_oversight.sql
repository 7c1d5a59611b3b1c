-- Who said that a complaint is no oversight is an inspectorate, and that complaint stays secret.
select e.complaint_id, e.number, e.agency from event e
join complaint c on c.complaint_id = e.complaint_id
left join agency a on a.agency_id = e.agency and a.flags ~ '\minspectorate\M'
where e.kind = 54 and (e.number is null or a.agency_id is null or c.flags & 6 = 0)
