-- A stretch of the round that erases what was kept long enough: how many complaints it looked at, and how many it erased.
--   $1 how long a case is kept after its end, ms  $2 how many are looked at, at most
select looked, gone from retention_step ($1::bigint * interval '1 millisecond', $2::int)
