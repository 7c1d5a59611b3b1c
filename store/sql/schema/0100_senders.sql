-- Whose words came by a gateway: SMS, WhatsApp and mail have no form that keeps an access code, so what is said later is known by
-- the number or address that it comes from.  The store gets a keyed hash of it, whose key is aduan-web's alone; null of every
-- other door.  It goes with the contact.
alter table content add column sender bytea;
alter table content alter sender set statistics 0;
create index content_sender on content (sender, complaint_id desc) where sender is not null;

-- What a gateway must know of a case to add words to it: the hash of its access code is the proof that store_reply.sql asks for.
create function said_row (id uuid) returns table (id text, number text, code text, may text[]) language sql stable rows 1 as $$
    select c.complaint_id::text, number_text (c.number), encode (t.code_hash, 'hex'), case_may (c, m)
    from complaint c
    join content t on t.complaint_id = c.complaint_id
    cross join lateral case_main (c.complaint_id) m
    where c.complaint_id = said_row.id
$$;

-- The last cases of a sender, by his account's hash of him: whoever can make that has his message in hand and aduan-web's key.
create function web.sender (account text, hash text) returns setof json language sql stable security definer rows 5 set search_path = public as $$
    select row_to_json (r)
    from (select t.complaint_id from content t
          where t.sender = decode (case when hash ~ '^[0-9a-f]{32}$' then hash end, 'hex')
          order by t.complaint_id desc limit 10) s
    join complaint c on c.complaint_id = s.complaint_id
    join principal p on p.principal_id = c.adapter and p.name = sender.account
    cross join lateral said_row (c.complaint_id) r
    order by c.complaint_id desc
$$;

-- A case by its id, which no page and no answer tells: an address that notices were sent from holds it, under the reply key.
create function web.named (id text) returns setof json language sql stable security definer rows 1 set search_path = public as $$
    select row_to_json (r)
    from said_row (case when named.id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then named.id::uuid end) r
$$;

grant select (sender) on content to aduan_store;
revoke execute on function web.sender, web.named from public;
grant execute on function web.sender, web.named to aduan_web;
