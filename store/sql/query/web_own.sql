-- The cases that a principal submitted, by tracking number or by what it called them, newest first.
--   $1 principal  $2 number or external reference
select web.own ($1::int, $2::text)::text
