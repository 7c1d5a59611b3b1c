-- What strangers could read for the first time in a stretch of time, oldest first: Open311's updates.
--   $1 since  $2 until (RFC 3339)  $3 the name of the account whose complaints they are, empty: any  $4 page, from 1
--   $5 rows of a page, at most 1,000
select coalesce (json_agg (r), '[]')::text from web.updates ($1::timestamptz, $2::timestamptz, $3::text, $4::int, $5::int) r
