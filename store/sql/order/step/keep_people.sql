-- What is done for people and keys every half minute: when they were last here, sessions that go on by acts and PULLs, and what is over.
--   $1 principals of keys that were used  $2 SHA-256 of sessions that were used  $3 seconds that a session lives on without anything
with used as (
    insert into key_use (principal_id, used_at)
    select p.principal_id, statement_timestamp () from unnest ($1::int[]) u (id) join principal p on p.principal_id = u.id
    on conflict (principal_id) do update set used_at = excluded.used_at
), kept as (
    update session s set seen_at = statement_timestamp (),
           ends_at = least (s.last_at, greatest (s.ends_at, statement_timestamp () + make_interval (secs => $3::int)))
    from unnest ($2::bytea[]) u (hash)
    where s.token_hash = u.hash and s.ends_at > statement_timestamp ()
), over as (
    delete from session where ends_at < statement_timestamp () - interval '1 day'
), answered as (
    delete from ordered where at < statement_timestamp () - interval '30 days'
), uninvited as (
    delete from invitation where ends_at < statement_timestamp () - interval '90 days'
)
select keys_expire ()
