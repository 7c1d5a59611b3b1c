-- The roles of an installation's own PostgreSQL cluster; run in its database by its superuser, harmless again.
-- None of them is a superuser or may leave row-level security out; each has a fixed search path and timeouts.
do $$
declare wanted text;
begin
    if not exists (select from pg_roles where rolname = 'aduan_owner') then
        create role aduan_owner nologin; -- owns everything; nobody logs in as it
    end if;
    foreach wanted in array array['aduan_migrate', 'aduan_store', 'aduan_query', 'aduan_desk', 'aduan_web', 'aduan_audit', 'aduan_identity'] loop
        if not exists (select from pg_roles where rolname = wanted) then
            execute format ('create role %I login nosuperuser nobypassrls nocreatedb nocreaterole noreplication', wanted);
        end if;
        execute format ('alter role %I set search_path = public', wanted);
    end loop;
    execute format ('revoke all on database %I from public', current_database ());
    execute format ('grant connect on database %I to aduan_migrate, aduan_store, aduan_query, aduan_desk, aduan_web, aduan_audit, aduan_identity', current_database ());
    execute format ('grant create, temporary on database %I to aduan_owner', current_database ());
    if not pg_has_role ('aduan_migrate', 'aduan_owner', 'member') then
        grant aduan_owner to aduan_migrate;
    end if;
end $$;
alter role aduan_migrate set role = 'aduan_owner';
alter schema public owner to aduan_owner;
alter role aduan_migrate set idle_in_transaction_session_timeout = '5min';
alter role aduan_store set synchronous_commit = on;
alter role aduan_store set statement_timeout = '30s';
alter role aduan_store set lock_timeout = '10s';
alter role aduan_store set idle_in_transaction_session_timeout = '5s';
alter role aduan_store set jit = off;
alter role aduan_query set default_transaction_read_only = on;
alter role aduan_query set statement_timeout = '30s';
alter role aduan_query set lock_timeout = '10s';
alter role aduan_query set idle_in_transaction_session_timeout = '5s';
-- For people who read by their session: row-level security decides which rows (store/sql/schema/0046_scope.sql).
alter role aduan_desk set default_transaction_read_only = on;
alter role aduan_desk set statement_timeout = '10s';
alter role aduan_desk set lock_timeout = '2s';
alter role aduan_desk set idle_in_transaction_session_timeout = '5s';
alter role aduan_desk set jit = off;
-- A page for one officer and one for the nation want different plans; planning costs a millisecond.
alter role aduan_desk set plan_cache_mode = force_custom_plan;
-- For aduan-web, which faces the internet: no table, functions of the schema `web` alone (store/sql/schema/0086_web.sql).
alter role aduan_web set search_path = web;
alter role aduan_web set default_transaction_read_only = on;
alter role aduan_web set statement_timeout = '5s';
alter role aduan_web set lock_timeout = '2s';
alter role aduan_web set idle_in_transaction_session_timeout = '5s';
alter role aduan_web set jit = off;
-- A function's plan is made once a connection: it does not depend on what is asked; that of the list's is made with its words.
alter role aduan_web set plan_cache_mode = force_generic_plan;
-- Whatever it asks is found by a key or an index, and little of it: by no table from its beginning, whatever the planner guesses.
alter role aduan_web set enable_seqscan = off;
alter role aduan_web set enable_hashjoin = off;
alter role aduan_web set enable_mergejoin = off;
-- The verifier reads all that was ever done: it sorts on disk, and may take its time.
alter role aduan_audit set default_transaction_read_only = on;
alter role aduan_audit set lock_timeout = '10s';
alter role aduan_audit set idle_in_transaction_session_timeout = 0;
-- Opens one sealed identity, by hand, where the offline key is (docs/audit.md).
alter role aduan_identity set statement_timeout = '30s';
alter role aduan_identity set lock_timeout = '10s';
-- Statements over arrays: their plan does not depend on the arrays, and planning costs more than running.
alter role aduan_store set plan_cache_mode = force_generic_plan;
alter role aduan_store set enable_seqscan = off;
-- A queue is read in its index's order and left after a few rows; a bitmap would read all of it first.
alter role aduan_store set enable_bitmapscan = off;
-- A batch is looked up by its keys; a merge would read a table from its beginning up to them.
alter role aduan_store set enable_mergejoin = off;
