-- By whose invitations the reader's access was made and renewed, the newest first.
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (select made, login as by, name, accepted from access_history ()) r
