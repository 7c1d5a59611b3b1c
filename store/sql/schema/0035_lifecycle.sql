-- What may happen to a complaint, as rows of common/domain/lifecycle.def: aduan-migrate writes them anew each time.
create table step (
    kind  smallint primary key,                 -- of its event
    word  text not null unique,
    told  boolean not null                      -- its reporter reads it
);
create table step_move (
    kind    smallint not null references step,
    state   smallint not null,                  -- from
    becomes smallint not null,                  -- 0 the same, -1 the state that it left
    roles   int not null,                       -- bits 1 << role
    clocks  int not null,                       -- bits of enum clock_effect
    primary key (kind, state)
);

-- Whose act it is: a worker's own, or that of the person whose session a front names.  Null: nobody's.
create function actor_of (principal int, token bytea) returns int language sql stable as $$
    select case when token is null and p.role = 2 then p.principal_id
                when token is not null and p.role = 3
                then (select s.principal_id from session s
                      where s.token_hash = sha256 (token) and s.front = p.principal_id and s.principal_id = session_person (token)) end
    from principal p where p.principal_id = principal and p.revoked_at is null
$$;

-- As what he acts in an agency: bits 1 << role; 0: as nothing.  Of oversight content an inspectorate's named staff alone.  By its
-- owner's rights: people ask it by their session, too (0046), and may not read all that it looks at.
create function roles_in (actor int, agency int, oversight boolean) returns int language sql stable security definer set search_path = public as $$
    select coalesce (bit_or (r.bit), 0)
    from (select 1 << 2 as bit from principal_agency p where p.principal_id = actor and p.agency_id = agency
          union all
          select 1 << a.role
          from appointment a
          join agency_above u on u.agency = roles_in.agency and u.above = a.agency_id
          where a.principal_id = actor and a.ended_at is null and (a.until is null or a.until > statement_timestamp ())
            and (u.depth = 0 or a.role in (5, 8, 9)) and (a.named or not oversight)) r
$$;

-- A step's bits of roles and its move from a state are looked up with the row that they are judged with; this is what a
-- step makes of a state.
create function state_after (state smallint, becomes smallint, was smallint) returns smallint language sql immutable as $$
    select case becomes when 0 then state when -1 then was else becomes end
$$;

-- The texts and the region as staff set them right; null: as they came, which is never changed, and as it was decided from that.
alter table content
    add title_edited  text,
    add body_edited   text,
    add region_edited text;

-- What staff set right is read again for oversight content while the complaint goes on (aside); where they say that it is
-- oversight, or a part was split off, it waits for its new holder.
alter table returned add aside boolean not null default false;
comment on column event.kind is 'common/domain/lifecycle.def; 53 followed, 54 cleared';

-- Who has what an agency had: itself, its successor, or where it has none the coordinator above it.
create function agency_alive (agency int) returns int language plpgsql stable as $$
declare
    a agency;
begin
    select * into a from agency g where g.agency_id = agency_alive.agency;
    while a.retired_at is not null loop
        select * into a from agency g where g.agency_id = coalesce (a.successor, a.desk, a.parent);
    end loop;
    return a.agency_id;
end $$;

-- A part says what staff took out of the whole; by which code it is followed is the same.  Who said it stays with the whole: a
-- sealed identity names its complaint and is no other's (docs/audit.md).
create function content_split (of_id uuid, part uuid, title text, body text) returns void
language sql volatile as $$
    insert into content (complaint_id, digest, code_hash, title, body, location, incident, latitude, longitude, contact,
                         contact_key, attachments, place)
    select part, sha256 (convert_to (content_split.body, 'UTF8')), t.code_hash, content_split.title, content_split.body, t.location, t.incident,
           t.latitude, t.longitude, t.contact, t.contact_key, t.attachments, t.place
    from content t where t.complaint_id = of_id
$$;

-- When a complaint was asked for what is missing, and has not been told yet; null: it does not wait.
create function asked_at (id uuid) returns timestamptz language sql stable as $$
    select e.at from event e where e.complaint_id = id and e.kind = 18 and e.data ? 'from' order by e.number desc limit 1
$$;

-- How a complaint ended: who ended it, why (enum resolution or ending), when.
create view ending with (security_invoker = true) as
select c.complaint_id, c.state, e.kind, e.at,
       case when e.kind in (43, 44) then 'system' when e.kind in (35, 36) then 'reporter' else 'admin' end as ended_by,
       (e.data ->> 'reason')::smallint as reason, e.number
from complaint c
join lateral (select * from event e
              where e.complaint_id = c.complaint_id and e.kind in (22, 26, 35, 36, 43, 44, 72) and e.number is not null
              order by e.number desc limit 1) e on true
where c.state in (7, 8, 9);

-- When a complaint's resolution is due by another class: from its old start, with every pause that has ended; one that goes
-- on is added when it ends.
create function due_resolve_as (id uuid, class smallint) returns timestamptz language sql stable as $$
    select due_after (calendar_now (), due_at (c.received, clock_limit ('resolve', due_resolve_as.class, c.holder, c.received), due_zone (c.due_resolve)),
                      coalesce ((select range_agg (p) from unnest (clock_pauses (c.complaint_id)) p where not upper_inf (p)), '{}'))
    from complaint c where c.complaint_id = id
$$;

revoke execute on function content_split from public;
grant execute on function content_split to aduan_store;
grant select on step, step_move to aduan_store, aduan_query;
grant select on ending to aduan_store, aduan_query;
grant select (title_edited, body_edited, region_edited) on content to aduan_query;

-- As in 0026; besides: what staff set right meanwhile is read with these words.
create or replace function words_hold (id uuid, number int, state int, alias uuid) returns void language plpgsql as $$
begin
    insert into returned as r (complaint_id, event, since, words, newest, was)
    values (id, number, clock_timestamp (), number, number, state)
    on conflict (complaint_id) do update
        set words = coalesce (r.words, excluded.words), newest = excluded.newest, aside = false,
            event = case when r.aside then excluded.event else r.event end,
            was = case when r.aside or (r.was = 3 and excluded.was <> 6) then excluded.was else r.was end;
    if alias is not null then
        insert into returned as r (complaint_id, event, since, words, newest)
        select alias, n, clock_timestamp (), n, n from (select events + 1 as n from complaint where complaint_id = alias) c
        on conflict (complaint_id) do update set newest = excluded.newest;
    end if;
end $$;
