-- Has a case of a reporter's this file, or what was said on it?  Then one empty row.
--   $1 tracking number  $2 the hash of the access code, 64 hexadecimal digits  $3 digest, 64 hexadecimal digits
select coalesce (json_agg (r), '[]')::text from web.own_file ($1::text, $2::text, $3::text) r
