-- Agencies to choose from, by the beginnings of words of their names and codes.
--   $1 words  $2 how many, at most 50
select coalesce (json_agg (r), '[]')::text from web.agencies ($1::text, $2::int) r
