-- The registry as routers are given it.
select snapshot_registry ()
