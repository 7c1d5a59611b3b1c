-- A supporter is not the lead, and an oversight complaint has none outside the inspectorates.
select a.complaint_id, a.agency from assignment a join complaint c on c.complaint_id = a.complaint_id
where not a.lead and a.state <> 7
  and (a.agency = c.holder
       or (c.flags & 4 <> 0 and not exists (
               select from agency_above u join agency o on o.agency_id = u.above
               where u.agency = a.agency and o.flags ~ '\minspectorate\M')))
