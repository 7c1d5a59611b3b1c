-- A version's bytes.
--   $1 version
select convert_to (text, 'UTF8') from rules_version where version = $1::text::bigint
