-- The place that names lead to, from the province down; `whole`: as far as they go.  No row where not even the province is certain.
--   $1 province  $2 regency or city  $3 district  $4 village; empty ones are not said
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select p.code, cardinality (string_to_array (p.code, '.'))
                   = (select count (*) from unnest (array[$1::text, $2::text, $3::text, $4::text]) n where btrim (n) <> '') as whole
    from (select place_of (array[$1::text, $2::text, $3::text, $4::text]) as code) p
    where p.code <> ''
) r
