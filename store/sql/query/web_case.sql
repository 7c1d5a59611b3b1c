-- A case as its reporter may know it, who proves it by the access code; `clocks`: how it stands against its deadlines.
--   $1 tracking number  $2 the hash of the access code, 64 hexadecimal digits
select coalesce (json_agg (r::jsonb || jsonb_build_object ('clocks', web.own_clocks ($1::text, $2::text))), '[]')::text
from web.own_case ($1::text, $2::text) r
