-- A migration was done.
--   $1 number  $2 name
insert into migration values ($1::text::int, $2::text)
