-- All categories, each behind the one that it is in.
select coalesce (json_agg (r), '[]')::text from web.categories () r
