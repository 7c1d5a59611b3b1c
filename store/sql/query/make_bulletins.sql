-- Notices to others than the reporter, of the people whose moment has come, of what happened since and of supporters; and those that
-- were kept long enough go.  Returns how many were made and whether there is more to look at.
--   $1 people, $2 transactions, $3 supporters at most  $4 minute of the day of digests  $5 working hours before a reminder
--   $6 before when they are too old
select (p.made + e.made + s.made)::int as made, (p.looked = $1::int or e.more or s.more) as more, o.gone
from bulletin_people ($1::int, $4::int, $5::int) p, bulletin_events ($2::int) e, bulletin_supporters ($3::int) s,
     bulletin_purge (500, $6::timestamptz) o (gone)
