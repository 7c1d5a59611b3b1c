-- Prints that are too old to be compared with anything.
--   $1 id that they are before  $2 how many at most
delete from print
where complaint_id = any (array (select complaint_id from print where complaint_id < $1::uuid order by complaint_id limit $2::int))
