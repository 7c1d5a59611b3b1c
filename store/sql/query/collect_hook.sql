-- The next batch of a webhook that is due, claimed for a minute; no row: nothing waits.
--   $1 those above this number come first  $2 claim, drawn by the store
select hook, url, salt, old_salt, message, body from hook_collect ($1::int, $2::uuid)
