-- What waits for a decision was asked for by its last hand-back.
select r.complaint_id, r.event from returned r
where r.event is distinct from (select max (e.number) from event e
                                where e.complaint_id = r.complaint_id and e.kind = 19)
