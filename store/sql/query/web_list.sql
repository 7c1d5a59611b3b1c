-- Published complaints, newest first; what is empty may be anything.  A last row with `rest` and a cursor alone: not all was looked at.
--   $1 words  $2 region  $3 category  $4 open or done  $5 cursor of the last row before  $6 how many, at most 100
select coalesce (json_agg (r), '[]')::text from web.list ($1::text, $2::text, $3::text, $4::text, $5::text, $6::int) r
