-- Places to choose from, by the beginnings of words of their names and of those they are in, or by code.
--   $1 words or code  $2 how many, at most 50
select coalesce (json_agg (r), '[]')::text from web.regions ($1::text, $2::int) r
