-- Events that a notice may name have numbers of their own, none above the complaint's.
select e.complaint_id, e.number from event e join complaint c using (complaint_id)
where e.number is not null group by e.complaint_id, e.number, c.events having count (*) > 1 or e.number > c.events
