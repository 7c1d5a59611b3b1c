-- The roles of an installation's own PostgreSQL cluster; run once by its superuser, harmless again.
do $$
declare wanted text;
begin
    foreach wanted in array array['aduan_migrate', 'aduan_store', 'aduan_query'] loop
        if not exists (select from pg_roles where rolname = wanted) then
            execute format ('create role %I login', wanted);
        end if;
    end loop;
end $$;
alter role aduan_store set synchronous_commit = on;
alter role aduan_store set statement_timeout = '30s';
alter role aduan_store set lock_timeout = '10s';
alter role aduan_store set idle_in_transaction_session_timeout = '5s';
alter role aduan_store set jit = off;
alter role aduan_query set default_transaction_read_only = on;
alter role aduan_query set statement_timeout = '30s';
-- Statements over arrays: their plan does not depend on the arrays, and planning costs more than running.
alter role aduan_store set plan_cache_mode = force_generic_plan;
alter role aduan_store set enable_seqscan = off;
-- A queue is read in its index's order and left after a few rows; a bitmap would read all of it first.
alter role aduan_store set enable_bitmapscan = off;
