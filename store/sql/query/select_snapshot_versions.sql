-- The versions of what the store publishes; 0 is no snapshot, but what due times need: calendar and limits.
select kind, version from snapshot
union all
select 0::smallint, (select max (calendar_version) from calendar) * 1000000::bigint + (select max (limit_version) from limit_set)
order by kind
