-- The session of an order, which goes on by what its person does; and what the same order was answered, where it was given
-- before.  No row: there is no such session of this front, or it is over.
--   $1 token  $2 the front's principal  $3 key of the order  $4 seconds that a session lives on without anything
with held as (
    update session s set seen_at = statement_timestamp (),
           ends_at = least (s.last_at, greatest (s.ends_at, statement_timestamp () + make_interval (secs => $4::int)))
    where s.token_hash = sha256 ($1::bytea) and s.front = $2::int and s.principal_id = session_person ($1::bytea)
    returning s.principal_id
)
select h.principal_id, o.name, encode (o.digest, 'hex'), o.result::text
from held h
left join ordered o on o.principal_id = h.principal_id and o.key = $3::uuid
