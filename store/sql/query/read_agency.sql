-- Agencies by code or by the beginning of their code, parents first; at most 500.
--   $1 code or its beginning; empty: from the root down
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select a.agency_id as number, a.code, a.name, a.kind, p.code as parent, a.region, f.code as function, a.flags,
           a.retired_at is not null as retired
    from agency a
    left join agency p on p.agency_id = a.parent
    left join function f on f.function_id = a.function_id
    where starts_with (a.code, $1::text)
    order by a.code <> $1::text, a.parent is not null, a.code
    limit 500
) r
