-- Which of these addresses want no news.
--   $1 keyed hashes of them
select coalesce (string_agg (who, ''), '') as who from stopped where who = any ($1::bytea[])
