-- One published complaint.
--   $1 tracking number
select coalesce (json_agg (r), '[]')::text from web.published ($1::text) r
