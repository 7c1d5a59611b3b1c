-- The session that orders it ends; with `all`, every session of its person, with `others` every one but this.
--   $1 person  $2 arguments: all, others; of the store session (SHA-256 of the token)  $3 key
with ended as (
    delete from session s
    where s.principal_id = $1::int
      and (coalesce (($2::jsonb ->> 'all')::boolean, false)
           or (s.token_hash = decode ($2::jsonb ->> 'session', 'hex')) <> coalesce (($2::jsonb ->> 'others')::boolean, false))
    returning s.token_hash
)
select 1, null::int, null::text,
       order_done ($1::int, 'logout', $2::jsonb, $3::uuid, null, (select login from person where principal_id = $1::int), null, null,
                   jsonb_build_object ('ended', (select count (*) from ended)))::text
