-- 33.74.01.1001 and the regions it is in: 33.74.01, 33.74, 33.  A place has four levels at most, and the planner knows that here: where
-- it takes them for a thousand, the words of all regions take a minute instead of seconds.
create or replace function region_codes (code text) returns setof text language sql immutable rows 4 as $$
    select array_to_string (p[1:n], '.')
    from (select string_to_array (code, '.') as p) c, unnest (array[4, 3, 2, 1]) n
    where n <= cardinality (p)
$$;
