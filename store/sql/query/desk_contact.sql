-- Whether the reader is written to, of what and when; the address nobody here can read.
select coalesce (json_agg (row_to_json (r)), '[]')::text
from contact_own () r
