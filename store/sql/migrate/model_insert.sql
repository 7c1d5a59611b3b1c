-- A new version, in force with this transaction.
--   $1 bytes  $2 name  $3 report of who learned it
with made as (
    insert into model_version (version, body, digest, name, report)
    select (select coalesce (max (version), 0) + 1 from model_version), $1::bytea, sha256 ($1::bytea), $2::text, $3::text
    returning version
)
update snapshot s set version = m.version from made m where s.kind = 4 returning m.version
