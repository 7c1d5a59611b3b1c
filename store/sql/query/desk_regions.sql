-- Places to choose from, by words of their names or by code, the larger ones first.
--   $1 words or code  $2 how many
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select p.code, p.name, (select string_agg (o.name, ', ' order by o.level desc) from region o where p.code like o.code || '.%') as within
    from region p
    where session_reader () is not null and $1::text <> ''
      and (p.code = $1::text or not exists (select from unnest (string_to_array (lower ($1::text), ' ')) w where strpos (lower (p.name), w) = 0))
    order by p.code <> $1::text, p.level, length (p.name), p.code
    limit $2::int
) r
