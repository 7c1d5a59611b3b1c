-- The principals snapshot and its version.
select version, snapshot_principals () as body from snapshot where kind = 1
