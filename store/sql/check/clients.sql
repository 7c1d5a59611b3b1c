-- What is tried of a webhook has an end, and a claim a time; after ten failures in a row it rests.  Only an adapter has tokens.
select hook_id::text, 'hook' from hook where (batch is null) <> (batch_to is null) or (claim is null) <> (claim_until is null) or (attempt >= 10 and parked_at is null)
union all
select principal_id::text, 'token' from token t where exists (select from principal p where p.principal_id = t.principal_id and p.role <> 1)
