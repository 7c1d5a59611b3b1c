-- Of a case that has ended nobody is the lead any more; only of one that is resolved a supporter may still say something.
select a.complaint_id, a.agency, a.state, c.state as complaint from assignment a
join complaint c on c.complaint_id = a.complaint_id
where c.state >= 7 and c.state < 10 and a.state <> 7 and (a.lead or c.state > 7)
