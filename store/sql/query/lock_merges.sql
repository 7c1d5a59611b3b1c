-- Merges go one after the other: act_merge.sql, in the same transaction, sees what the one before has left.
select pg_advisory_xact_lock (20, 1)
