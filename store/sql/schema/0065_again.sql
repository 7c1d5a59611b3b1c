-- An act that is given again with its key is answered as the first time, where it says the same.

-- Does the event say what is said now?  `what`: of its data what the act said and did not find out, null where it said nothing.
create function act_says (e event, said text, what jsonb) returns boolean language sql stable as $$
    select e.text is not distinct from said
       and not exists (select from jsonb_each (what) w where e.data -> w.key is distinct from nullif (w.value, 'null'))
$$;

-- ---- whose invitation somebody's access stands on

-- What was done to a person, a key, an agency is asked by its name: his own account, `aduan audit show`.
create index change_subject on change using hash (subject);

-- By whose invitations the reader's access was made and renewed, the newest first, and when they were accepted; one that is open
-- still, too: whoever has its token takes his access over.  `login` null: from the installation's shell.
create function access_history () returns table (made timestamptz, login text, name text, accepted timestamptz)
language sql stable security definer set search_path = public as $$
    with me as materialized (
        select p.principal_id, p.login from person p where p.principal_id = session_reader ()
    ), made as materialized (
        select c.at, c.principal_id, lead (c.at) over (order by c.change_id) as next
        from change c join me on c.subject = me.login
        where c.name in ('invite', 'renew_invitation')
    )
    select m.at, p.login, p.name, a.at
    from made m
    left join person p on p.principal_id = m.principal_id
    left join lateral (select c.at from change c join me on c.subject = me.login
                       where c.name = 'accept_invitation' and c.at >= m.at and (m.next is null or c.at < m.next)
                       order by c.change_id desc limit 1) a on true
    where a.at is not null
       or m.next is null and exists (select from invitation i join me on i.principal_id = me.principal_id
                                     where i.used_at is null and i.ends_at > statement_timestamp ())
    order by m.at desc
    limit 10
$$;
