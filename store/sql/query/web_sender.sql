-- The last cases of a gateway's sender, newest first.
--   $1 account  $2 the account's hash of its sender, 32 hexadecimal digits
select coalesce (json_agg (r), '[]')::text from web.sender ($1::text, $2::text) r
