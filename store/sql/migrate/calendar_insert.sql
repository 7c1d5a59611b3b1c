-- A new version, before its days.
--   $1 note  $2 is collective leave off?  $3 cut-off, a minute of the day; 0: none  $4 is it the shipped one?
insert into calendar (calendar_version, collective_leave, cut_off, shipped, note)
select max (calendar_version) + 1, $2::text::boolean, nullif ($3::text::int, 0), $4::text::boolean, $1::text from calendar
