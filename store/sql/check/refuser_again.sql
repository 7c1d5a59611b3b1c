-- Who gave a complaint back leads it only by a decision that binds, or while his own hand-back waits.
select c.complaint_id, a.agency, a.bond from complaint c
join assignment a on a.complaint_id = c.complaint_id and a.lead and a.state <> 7 and a.bond = 0
where c.state < 6
  and exists (select from event e where e.complaint_id = c.complaint_id and e.kind = 19 and e.number is not null and e.agency = a.agency)
