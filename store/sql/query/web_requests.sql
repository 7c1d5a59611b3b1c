-- Published complaints as Open311's requests, newest first; what is empty may be anything.
--   $1 tracking numbers, comma between: then nothing else counts  $2 category  $3 received since and  $4 until (RFC 3339)
--   $5 open or closed  $6 something new after  $7 page, from 1  $8 rows of a page, at most 1,000
--   $9 latitude, $10 longitude (1e-7 degree), $11 metres around it, at most 50,000
select coalesce (json_agg (r), '[]')::text
from web.requests ($1::text, $2::text, nullif ($3::text, '')::timestamptz, nullif ($4::text, '')::timestamptz, $5::text,
                   nullif ($6::text, '')::timestamptz, $7::int, $8::int, nullif ($9::text, '')::int, nullif ($10::text, '')::int,
                   nullif ($11::text, '')::int) r
