-- What waits for a decision was asked for by the last hand-back or word of an inspectorate, or else by a reporter's words; and
-- the words that are held are a reporter's.
select r.complaint_id, r.event, r.words, r.newest from returned r
join complaint c on c.complaint_id = r.complaint_id
where (r.was is null and c.state = 6
       and r.event is distinct from (select max (e.number) from event e where e.complaint_id = r.complaint_id and e.kind in (19, 54)))
   or ((r.was is not null or c.state = 10) and r.event <> r.words)
   or (r.words is null) <> (r.newest is null) or r.words > r.newest
   or exists (select from unnest (array [r.words, r.newest]) n (number)
              where n.number is not null and not exists (select from event e where e.complaint_id = r.complaint_id and e.number = n.number and e.kind in (32, 33)))
