-- The version in force, and whether these are its bytes.
--   $1 bytes
select version, digest = sha256 ($1::bytea) from rules_version order by version desc limit 1
