-- Is this PostgreSQL safe to promise on, is it ours, and is it the one we knew?
select current_setting ('fsync') = 'on' and current_setting ('full_page_writes') = 'on'
           and current_setting ('synchronous_commit') <> 'off' as safe,
       i.id_key_check, i.epoch, i.system, i.timeline,
       (select system_identifier from pg_control_system ()) as system_now,
       ('x' || substr (pg_walfile_name (pg_current_wal_insert_lsn ()), 1, 8))::bit (32)::int as timeline_now,
       (pg_current_wal_insert_lsn () - '0/0'::pg_lsn)::bigint as position_now,
       concat_ws (', ', 'fsync=' || current_setting ('fsync'), 'full_page_writes=' || current_setting ('full_page_writes'),
                  'synchronous_commit=' || current_setting ('synchronous_commit')) as said
from installation i
