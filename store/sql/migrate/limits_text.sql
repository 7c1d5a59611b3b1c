-- A set as its file; only the header line: there is none.
--   $1 version
select limits_text ($1::text::int)
