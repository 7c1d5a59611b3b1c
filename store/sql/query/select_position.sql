-- A position at or behind every commit so far, and the timeline it is on.
select (pg_current_wal_insert_lsn () - '0/0'::pg_lsn)::bigint as position,
       ('x' || substr (pg_walfile_name (pg_current_wal_insert_lsn ()), 1, 8))::bit (32)::int as timeline
