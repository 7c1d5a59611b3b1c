-- What proves that somebody is the person he says: of the person $1, or of the login $2, or of the invitation with the token's
-- hash $3.
select p.principal_id, coalesce (p.password, ''), coalesce (encode (p.factor, 'hex'), ''), p.login
from person p
where p.principal_id = $1::int or p.login = lower ($2::text)
   or p.principal_id = (select i.principal_id from invitation i where i.token_hash = $3::bytea)
