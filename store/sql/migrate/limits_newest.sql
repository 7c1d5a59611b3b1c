-- The newest set, when it starts, and whether open complaints have it already.
select limit_version, to_char (starts_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), starts_at < now ()
from limit_set order by limit_version desc limit 1
