-- Days off, as days since 1970.
select (day - date '1970-01-01')::int as day from day_off order by day
