-- The agencies of a name, at most two: of more than one only one below the parent that is named, if there is.
--   $1 name  $2 the parent's name, or empty
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select f.code
    from (select a.code, f.below, bool_or (f.below) over () as any_below
          from agency a
          left join agency p on p.agency_id = a.parent
          cross join lateral (select $2::text <> '' and plain_name (p.name) = plain_name ($2::text) as below) f
          where a.retired_at is null and plain_name (a.name) = plain_name ($1::text)) f
    where f.below is not distinct from true or f.any_below is not true
    limit 2
) r
