-- The days off of the calendar in force, in their order.
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (select day, kind, name from day_off order by day) r
