-- A new version, in force with this transaction.
--   $1 bytes  $2 note
with made as (
    insert into rules_version (version, text, digest, note)
    select (select coalesce (max (version), 0) + 1 from rules_version), convert_from ($1::bytea, 'UTF8'), sha256 ($1::bytea), $2::text
    returning version
)
update snapshot s set version = m.version from made m where s.kind = 3 returning m.version
