-- Rows that common/daemon/principal.c leaves out, from the time when aduan-migrate let them in: the name of some of them cannot be
-- written into the file, so that nobody else could end them.
update principal set revoked_at = now ()
where revoked_at is null and role < 4
  and not (octet_length (name) between 1 and 64 and name !~ '[\t\n]' and rights !~ '[\t\n]'
           and key ~ '^[-0-9a-zA-Z.:+=^!/*?&<>()\[\]{}@%$#]{40}$')
returning name, key
