-- Keeps the signature of a head.
--   $1 link  $2 total  $3 head  $4 public key  $5 signature  $6 when, as signed
insert into audit_signature (link_id, at, total, head, key, signature)
values ($1::bigint, $6::timestamptz, $2::bigint, $3::bytea, $4::bytea, $5::bytea)
on conflict do nothing
