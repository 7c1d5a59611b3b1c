-- What the public may read: which complaints are published, and how they are found newest first (docs/channels.md).
--
-- complaint.flags, besides: 2048 held: words in it look like somebody's own (common/domain/personal.h), or staff took it from the
-- public; a person releases it (acts publish, unpublish).

-- As in 0005, but planned once a connection and not once a call: a list has a number in each row.
create or replace function number_text (bits bigint) returns text language plpgsql immutable strict parallel safe as $$
begin
    return (
        select 'A' || string_agg (substr (symbols, value + 1, 1), '' order by i)
               || substr (min (symbols), ((32 - sum (product / 32 + product % 32) % 32) % 32)::int + 1, 1)
        from (select i, value, value * (2 - i % 2) as product, '0123456789ABCDEFGHJKMNPQRSTVWXYZ' as symbols
              from (select i, ((number_text.bits >> (5 * (12 - i))) & 31)::int as value from generate_series (1, 12) i) digit) digits);
end $$;
create or replace function number_bits (written text) returns bigint language plpgsql immutable strict parallel safe as $$
declare
    clean text := translate (upper (written), 'ILO- ', '110');
    bits bigint;
begin
    if clean !~ '^A[0-9A-HJKMNP-TV-Z]{13}$' then
        return null;
    end if;
    bits := (select sum ((strpos ('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr (clean, i, 1)) - 1)::bigint << (5 * (13 - i)))::bigint
             from generate_series (2, 13) i);
    return case when number_text (bits) = clean then bits end;
end $$;

-- May strangers read it?  Placed at an agency, neither secret nor oversight nor held, open or resolved.
create function is_public (flags smallint, state smallint, due_first timestamptz) returns boolean language sql immutable as $$
    select flags & 2054 = 0 and due_first is not null and state between 3 and 7
$$;

-- And not while a router reads it again for oversight content.
create function public_now (c complaint) returns boolean language plpgsql stable as $$
begin
    return (
        select is_public (c.flags, c.state, c.due_first)
           and not exists (select from returned r where r.complaint_id = c.complaint_id and (r.words is not null or r.aside)));
end $$;

-- Strangers read no time more exactly than its hour: hours since 1970.
create function hour_of (at timestamptz) returns int language sql immutable as $$
    select floor (extract (epoch from at at time zone 'UTC') / 3600)::int
$$;

-- 33.74.01.1001 and the regions it is in: 33.74.01, 33.74, 33.
create function region_codes (code text) returns setof text language sql immutable rows 4 as $$
    select array_to_string (p[1:n], '.') from (select string_to_array (code, '.') as p) c, generate_series (cardinality (p), 1, -1) n
$$;

-- A category and those it is in.
create function category_above (category int) returns setof int language sql stable strict rows 2 as $$
    with recursive up (category_id, parent) as (
        select g.category_id, g.parent from category g where g.category_id = category
        union
        select g.category_id, g.parent from up join category g on g.category_id = up.parent)
    select category_id from up
$$;

-- ---- those that are published, newest first

-- The place of a published complaint in the list; null: strangers do not find it.  In the full text's table, which is made aside
-- of what a complaint's life costs; on `complaint` an index with its flags would end updates in place.  Within an hour the order
-- is that of the numbers, which says nothing.
alter table search_entry
    add hour   int,
    add number bigint;
create index search_entry_published on search_entry (hour, number) where hour is not null;

-- An entry tells what it did not, or no more.
create trigger complaint_shown after update of flags, state, due_first, category, region on complaint for each row
    when ((old.flags & 2054 = 0 or new.flags & 2054 = 0)
          and ((old.flags & 2054 = 0 and old.due_first is not null and old.state between 3 and 7)
                   <> (new.flags & 2054 = 0 and new.due_first is not null and new.state between 3 and 7)
               or (new.category, new.region) is distinct from (old.category, old.region)))
    execute function search_staled ();

-- A square of a tenth of a degree; coordinates are 1e-7 degree.
create function square_of (latitude int, longitude int) returns text language sql immutable strict as $$
    select floor (latitude / 1e6) || '_' || floor (longitude / 1e6)
$$;

-- As in 0061; besides, of a published one its place in the list, and as "@rCODE" the regions, as "@cNUMBER" the categories and as
-- "@gSQUARE" the square that it is in.
create or replace function search_make (ids uuid[]) returns int language sql volatile as $$
    with made as (
        insert into search_entry (complaint_id, words, hour, number)
        select t.complaint_id,
               to_tsvector ('indonesian', coalesce (t.title_edited, t.title) || ' ' || coalesce (t.body_edited, t.body) || ' '
                                          || coalesce (t.location, ''))
               || array_to_tsvector (array (
                      select distinct '@' || u.above
                      from (select c.holder as agency
                            union select w.agency from assignment w where w.complaint_id = c.complaint_id
                            union select i.agency from informed i where i.complaint_id = c.complaint_id) h
                      join agency_above u on u.agency = h.agency
                      union
                      select '@r' || r from region_codes (c.region) r where p.shown
                      union
                      select '@c' || g from category_above (c.category) g where p.shown
                      union
                      select '@g' || square_of (t.latitude, t.longitude) where p.shown and t.longitude is not null)),
               case when p.shown then hour_of (c.received) end, case when p.shown then c.number end
        from complaint c join content t on t.complaint_id = c.complaint_id
        cross join lateral (select is_public (c.flags, c.state, c.due_first) as shown) p
        where c.complaint_id = any (ids)
        order by t.complaint_id
        on conflict (complaint_id) do update set words = excluded.words, hour = excluded.hour, number = excluded.number
        returning 1)
    select count (*)::int from made
$$;

-- ---- places, agencies and categories, as one types them

create function words_of (said text) returns text[] language sql immutable as $$
    select array_remove (regexp_split_to_array (lower (said), '[^[:alnum:]]+'), '')
$$;

-- What has all these words, each from its beginning (one of a single letter as it is); at least one of them as one that has this
-- mark before it.  Null: there are no words.
create function words_wanted (said text, mark text) returns tsquery language sql immutable as $$
    with w as (select w, n from unnest ((words_of (said))[1:6]) with ordinality u (w, n))
    select string_agg ('(' || each || ')', ' | ')::tsquery
    from (select (select string_agg (quote_literal (case when o.n = i.n then mark else '' end || o.w) || case when length (o.w) > 1 then ':*' else '' end, ' & ')
                  from w o) as each
          from w i) e
$$;

create table region_search (
    code  text primary key references region,
    name  text not null,                        -- as in region, in small letters
    whole text not null,                        -- its name and those of the regions it is in, the smallest first
    words tsvector not null                     -- of these; those of its own name also as "LEVEL=WORD"
);
create index region_search_words on region_search using gin (words);

create function region_searched () returns trigger language plpgsql as $$
begin
    insert into region_search (code, name, whole, words)
    select r.code, lower (r.name), string_agg (o.name, ', ' order by o.level desc),
           array_to_tsvector (array (select distinct w from unnest (words_of (string_agg (o.name, ' '))) w
                                     union select r.level || '=' || w from unnest (words_of (r.name)) w))
    from (select distinct i.code, i.name, i.level
          from region i cross join lateral region_codes (i.code) p (code) join changed n on n.code = p.code) r
    cross join lateral region_codes (r.code) p (code)
    join region o on o.code = p.code
    group by r.code, r.name, r.level
    on conflict (code) do update set name = excluded.name, whole = excluded.whole, words = excluded.words;
    return null;
end $$;
create trigger region_added after insert on region referencing new table as changed
    for each statement execute function region_searched ();
create trigger region_renamed after update on region referencing new table as changed
    for each statement execute function region_searched ();
insert into region_search (code, name, whole, words)
select r.code, lower (r.name), string_agg (o.name, ', ' order by o.level desc),
       array_to_tsvector (array (select distinct w from unnest (words_of (string_agg (o.name, ' '))) w
                                 union select r.level || '=' || w from unnest (words_of (r.name)) w))
from region r cross join lateral region_codes (r.code) p (code) join region o on o.code = p.code
group by r.code, r.name, r.level;

-- ---- who has the same problem

-- Said about a published complaint: "I have this problem, too".  Counted once for each submission.
create table supporter (
    complaint_id  uuid not null,
    submission    uuid not null,                -- its own id: a repeat is none
    adapter       int not null,
    at            timestamptz not null default clock_timestamp (),
    contact       bytea,                        -- sealed to the notifier
    contact_key   int,
    primary key (complaint_id, submission)
);
create table supported (
    complaint_id uuid primary key,
    count        int not null
);
select guard_rows ('supporter'), guard_rows ('supported');
create policy seen on supported for select to aduan_desk
    using (exists (select from complaint c where c.complaint_id = supported.complaint_id));
grant select, insert on supporter to aduan_store;
grant select, insert, update on supported to aduan_store;
grant select on supported to aduan_query, aduan_desk;
grant select on region_search to aduan_store, aduan_query, aduan_desk;

-- ---- what is there already: it was never looked at

-- Roughly what common/domain/personal.c finds, and more: a person releases what is held in vain.
create function words_personal (said text) returns boolean language sql immutable strict as $$
    select said ~ '[^[:space:]@]@[^[:space:]@]' or said ~ '[0-9]([ .()/-]{0,2}[0-9]){8}'
$$;
update complaint c set flags = c.flags | 2048
from content t
where t.complaint_id = c.complaint_id and c.flags & 6 = 0
  and (words_personal (coalesce (t.title_edited, t.title) || ' ' || coalesce (t.body_edited, t.body))
       or exists (select from event e where e.complaint_id = c.complaint_id and e.kind in (16, 17, 22) and words_personal (e.text)));
drop function words_personal (text);
insert into search_stale select complaint_id from complaint c where is_public (c.flags, c.state, c.due_first) on conflict do nothing;
