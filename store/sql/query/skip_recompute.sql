-- A complaint whose due times cannot be written keeps those that it has.
--   $1 complaint
delete from recompute where complaint_id = $1::uuid
