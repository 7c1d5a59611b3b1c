-- What waits for a router's decision is returned and has its row, and no other has one: but an alias may have one for words
-- that are judged with its main complaint, what was withdrawn or blocked keeps it for words that nobody has judged, what staff
-- set right has one aside, and an arbiter has what is returned without one.
select coalesce (c.complaint_id, r.complaint_id) as complaint_id,
       (select state from complaint where complaint_id = coalesce (c.complaint_id, r.complaint_id)) as state, r.event, r.words, r.was
from (select c.complaint_id, c.state, a.bond from complaint c
      left join assignment a on a.complaint_id = c.complaint_id and a.agency = c.holder
      where c.state in (6, 8, 9, 10)) c
full join (select * from returned where not aside) r on r.complaint_id = c.complaint_id
where c.complaint_id is null
   or (c.state = 6 and c.bond <> 1 and r.complaint_id is null)
   or (c.state = 6 and c.bond = 1 and r.complaint_id is not null and r.was is distinct from 6)
   or (c.state in (8, 9, 10) and r.complaint_id is not null and r.words is null)
   or (c.state = 10 and r.was is not null)
