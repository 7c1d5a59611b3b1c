-- Makes entries of the desk's full text for complaints that have none, or an old one; how many it made.
--   $1 how many of each kind at most
select search_step ($1::int)
