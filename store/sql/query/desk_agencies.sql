-- Agencies to choose from, by words of their names or the beginning of their code: whoever acts may name any agency of the country.
--   $1 words or code  $2 how many
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select a.agency_id as number, a.code, a.name, p.name as parent
    from agency a left join agency p on p.agency_id = a.parent
    where session_reader () is not null and a.retired_at is null and $1::text <> ''
      and (starts_with (lower (a.code), lower ($1::text))
           or not exists (select from unnest (string_to_array (lower ($1::text), ' ')) w where strpos (lower (a.name), w) = 0))
    order by lower (a.code) <> lower ($1::text), length (a.code), a.code
    limit $2::int
) r
