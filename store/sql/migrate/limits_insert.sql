-- A new set, before its rows.  A day is one of western Indonesia.
--   $1 note  $2 a day or a time from which on complaints have it; null: now
insert into limit_set (limit_version, starts_at, note)
select max (limit_version) + 1,
       coalesce (case when $2::text ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' then ($2::text || 'T00:00+07:00')::timestamptz else $2::text::timestamptz end,
                 now ()),
       $1::text
from limit_set
