-- What became of a webhook's batch, or test.
--   $1 webhook  $2 claim  $3 status: HTTP's, enum hook_fault, libcurl's error + 10,000; 0: it was not tried
select hook_note ($1::int, $2::uuid, $3::int)
