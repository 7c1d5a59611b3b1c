-- No clock runs of a complaint that has ended; those of an alias are its own again when it is none any more.
select s.complaint_id, s.clock from clock_segment s join complaint c on c.complaint_id = s.complaint_id
where s.ended is null and c.state between 7 and 9
