-- The lines of the file are the rows of the newest set.
insert into limit_row
select (select max (limit_version) from limit_set), rule, clock,
       coalesce (array_position (array ['complaint', 'complaint_plain', 'complaint_oversight', 'aspiration', 'info_request'], class), 0),
       a.agency_id,
       case when days like '%/%' then '{}'::smallint[] else string_to_array (days, ',')::smallint[] end,
       case when days like '%/%' then round (1000.0 * split_part (days, '/', 1)::int / split_part (days, '/', 2)::int) end
from new_limits n left join agency a on a.code = n.agency
