-- A version of the calendar, as its file.
--   $1 its number; '' is the one in force
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select calendar_version as version, at, note, calendar_text (calendar_version) as text
    from calendar
    where case when $1::text = '' then calendar_version = calendar_now ()
               when $1::text ~ '^[0-9]{1,9}$' then calendar_version = $1::text::int else false end
) r
