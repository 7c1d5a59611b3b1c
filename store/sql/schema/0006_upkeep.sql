-- How often VACUUM comes: rows of a complaint change in the page and are pruned there, and dead entries of the
-- queue are skipped and reused by who scans it, so a tenth that changed is soon enough.
alter table complaint reset (autovacuum_vacuum_scale_factor);
alter table assignment set (autovacuum_vacuum_scale_factor = 0.1);

-- What ANALYZE looks at.  Every statement finds its rows by key, so few values a column are enough for its
-- plans, and of words, keys of acts, sealed bytes and lists nothing is ever planned with.  While a young record
-- grows ANALYZE comes every few seconds: of 72,000 complaints it took 690 ms of CPU with the default of
-- 30,000 rows each time; so it takes 85.
do $$
declare
    one record;
begin
    for one in
        select c.relname as of, a.attname as name,
               case when c.relname = 'dispatch' or a.atttypid in ('text'::regtype, 'bytea'::regtype, 'jsonb'::regtype)
                         or a.attname in ('act_key', 'number') and c.relname in ('event', 'complaint')
                    then 0 else 10 end as target
        from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.oid in ('complaint'::regclass, 'content'::regclass, 'event'::regclass, 'assignment'::regclass,
                        'notice'::regclass, 'dispatch'::regclass, 'audit_digest'::regclass)
    loop
        execute format ('alter table %I alter %I set statistics %s', one.of, one.name, one.target);
    end loop;
end
$$;
