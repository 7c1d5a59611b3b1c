-- The versions of what the store publishes.
select kind, version from snapshot order by kind
