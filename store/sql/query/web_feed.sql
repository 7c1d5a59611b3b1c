-- The next events of what a principal submitted: one row with events, cursor, more, restored, or with fault.
--   $1 principal  $2 cursor: '' the beginning, `now`, a moment, or what an earlier answer said  $3 how many at most, 1 to 500
select json_build_array (web.feed ($1::int, $2::text, $3::int))::text
