-- The reader's agencies and those below them to choose from, the shortest codes first, which are the highest.
--   $1 how many
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select a.code, a.name
    from agency a
    where a.retired_at is null and ((select session_everywhere ()) or a.agency_id in (select session_scope ()))
    order by length (a.code), a.code
    limit $1::int
) r
