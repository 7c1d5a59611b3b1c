-- Notes the epoch and the database's identity; the id key's check value once and for all.
--   $1 epoch  $2 system identifier  $3 timeline  $4 id key check value
update installation set epoch = $1::bigint, system = $2::bigint, timeline = $3::int,
       id_key_check = coalesce (id_key_check, $4::bytea)
