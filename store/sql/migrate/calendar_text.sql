-- A version as its file; null: there is none.
--   $1 version
select calendar_text ($1::text::int)
