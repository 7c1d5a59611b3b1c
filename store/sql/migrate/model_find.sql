-- A version's bytes.
--   $1 version
select body from model_version where version = $1::text::bigint
