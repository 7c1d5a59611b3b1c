-- The registry snapshot and its version.
select version, snapshot_registry () as body from snapshot where kind = 2
