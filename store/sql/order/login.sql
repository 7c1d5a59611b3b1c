-- A session begins where password and code were right; else a failure is counted, and after five the person rests, twice as long
-- each time, at most a quarter of an hour.  The same order again finds its session.  A code counts once.
-- Who had access and comes in for the first time since it was renewed is told so: it may have been without his asking.
--   $1 person, 0 where the login is nobody's  $2 arguments: login; of the store proved, step (of the code), secret (SHA-256 of the token),
--   front, idle and lasts (seconds)  $3 key
with asked as materialized (
    select p.*, w.language is not null as there, w.name, w.factor_step, w.failures, w.login as its_login,
           coalesce (w.locked_until > statement_timestamp (), false) as rests,
           exists (select from session s where s.token_hash = decode ($2::jsonb ->> 'secret', 'hex')
                                           and s.ends_at > statement_timestamp ()) as repeated,
           exists (select from appointment a where a.principal_id = w.principal_id and a.ended_at is null
                                               and (a.until is null or a.until > statement_timestamp ())) as appointed,
           (select count (*) > 1 and max (c.at) > coalesce (w.seen_at, '-infinity')
            from change c where c.subject = w.login and c.name = 'accept_invitation') as renewed
    from (select $1::int as person, ($2::jsonb ->> 'proved')::boolean as proved, ($2::jsonb ->> 'step')::bigint as step) p
    left join person w on w.principal_id = p.person
         and exists (select from principal x where x.principal_id = w.principal_id and x.revoked_at is null)
), judged as materialized (
    select a.*, a.there and a.proved and a.appointed and not a.rests and (a.step > a.factor_step or (a.repeated and a.step = a.factor_step)) as good
    from asked a
), counted as (
    update person w
    set failures = case when j.good then 0 else least (w.failures + 1, 1000) end,
        locked_until = case when j.good then null else rest_until (w.failures + 1, w.locked_until) end,
        factor_step = case when j.good then j.step else w.factor_step end,
        seen_at = case when j.good then statement_timestamp () else w.seen_at end
    from judged j where w.principal_id = j.person and j.there and not j.rests and not (j.good and j.repeated)
    returning w.principal_id
), begun as (
    insert into session (token_hash, principal_id, front, ends_at, last_at)
    select decode ($2::jsonb ->> 'secret', 'hex'), j.person, ($2::jsonb ->> 'front')::int,
           statement_timestamp () + make_interval (secs => ($2::jsonb ->> 'idle')::int),
           statement_timestamp () + make_interval (secs => ($2::jsonb ->> 'lasts')::int)
    from judged j where j.good and not j.repeated
    returning principal_id
)
select case when j.good then 1 else 3 end, case when j.good then null else 14 end, case when j.good then null else 'login' end,
       (case when not j.good then null
             when b.principal_id is not null
             then order_done (j.person, 'login', $2::jsonb, $3::uuid, null, j.its_login, null, null, said.result) else said.result end)::text
from judged j
left join begun b on true
left join counted c on true
cross join lateral (
    select jsonb_build_object ('person', j.person, 'login', j.its_login, 'name', j.name, 'idle', ($2::jsonb ->> 'idle')::int,
                               'lasts', ($2::jsonb ->> 'lasts')::int, 'appointments', person_appointments (j.person))
           || case when j.renewed then '{"renewed": true}' else '{}' end::jsonb as result) said
