-- A reporter's words whose complaint is there now (overtaken.c), the oldest first.
--   $1 how many at most  $2 those that came so many seconds ago at most; 0: all
select w.complaint_id, number_text (w.parent) as number, w.adapter, w.digest, w.received, w.submission, w.content, w.alarms
from waiting w
where ($2::int = 0 or w.at > clock_timestamp () - make_interval (secs => $2::int))
  and exists (select from complaint c where c.number = w.parent)
order by w.at
limit $1::int
