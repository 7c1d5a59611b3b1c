-- Is a complaint received, in work or done?  Whoever has its number may ask.
--   $1 tracking number
select coalesce (json_agg (r), '[]')::text from web.status ($1::text) r
