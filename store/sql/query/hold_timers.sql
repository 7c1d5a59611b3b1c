-- Is this the store that works the timers?  The lock is the connection's.
select pg_try_advisory_lock (4157440312) as held
