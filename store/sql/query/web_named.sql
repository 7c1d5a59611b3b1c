-- The case whose id an answered address holds.
--   $1 complaint id
select coalesce (json_agg (r), '[]')::text from web.named ($1::text) r
