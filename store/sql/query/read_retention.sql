-- What would be erased now, by the year in which it ended: cases, files, and how many cases were erased so far.
--   $1 how long a case is kept after its end, days
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select extract (year from d.ended at time zone 'UTC')::int as year, count (*) as cases, sum (d.files)::bigint as files, min (d.ended) as first, max (d.ended) as last,
           (select count (*) from erased) as erased
    from retention_due ($1::int * interval '1 day') d
    group by 1 order by 1
) r
