-- A case as its reporter may know it, who proves it by the access code.
--   $1 tracking number  $2 the hash of the access code, 64 hexadecimal digits
select coalesce (json_agg (r), '[]')::text from web.own_case ($1::text, $2::text) r
