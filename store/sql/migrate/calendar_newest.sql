-- The calendar in force, and whether an operator loaded it: no shipped one takes its place.
select calendar_version, (not shipped)::int from calendar order by calendar_version desc limit 1
