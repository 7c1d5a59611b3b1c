-- What an agency may have for its function.
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select f.code, f.name from function f where session_reader () is not null order by f.name
) r
