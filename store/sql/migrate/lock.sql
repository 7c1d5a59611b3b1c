-- Two that write versions at once would give out the same number: the second waits here, however long.  Only for rows and tables,
-- which the store holds in its work, there is an end to the waiting.
select pg_advisory_lock (4157440311);
set lock_timeout = '10s'
