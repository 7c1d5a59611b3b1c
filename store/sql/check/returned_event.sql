-- What waits for a decision was asked for by the last hand-back or word of an inspectorate, by the split that made it, by a
-- reporter's words, or by what staff set right; and the words that are held are a reporter's.
select r.complaint_id, r.event, r.words, r.newest from returned r
join complaint c on c.complaint_id = r.complaint_id
where (r.was is null and c.state = 6
       and r.event is distinct from (select max (e.number) from event e
                                     where e.complaint_id = r.complaint_id and (e.kind in (19, 54) or (e.kind = 28 and e.data ? 'of'))))
   or ((r.was is not null or c.state = 10) and r.words is not null and not r.aside and r.event <> r.words)
   or (r.words is not null and r.newest is null) or r.words > r.newest
   or (r.words is not null and not exists (select from event e where e.complaint_id = r.complaint_id and e.number = r.words and e.kind in (32, 33, 37)))
   or (r.newest is not null and not exists (select from event e where e.complaint_id = r.complaint_id and e.number = r.newest
                                                                 and e.kind in (23, 25, 28, 32, 33, 37)))
