-- What Open311's clients read: published complaints and what happened to them, each stamped with the moment from which strangers
-- could read it.  A client asks for what is new since it asked last: what was stamped earlier than it was seen it would never get.

-- Events are only ever added, so they lie by time: an index that costs an event nothing.
create index event_at on event using brin (at) with (pages_per_range = 32, autosummarize = on);

-- Kinds of events that may make a complaint public.
create function publishing_kinds () returns int[] language sql immutable as $$
    select array [16, 17, 20, 24, 33, 37, 39, 52, 75]
$$;

-- From when on strangers are shown an event: what a reporter said, or sent, is told to them by the hour, and therefore when it is over.
create function shown_at (e event) returns timestamptz language sql immutable as $$
    select case when e.kind in (1, 33, 36, 37, 39) then to_timestamp ((hour_of (e.at) + 1) * 3600::float8) else e.at end
$$;

-- Since when strangers may read it, of one that they may read: the last time that it was released, placed, said to be not secret, or
-- came back.
create function public_since (c complaint) returns timestamptz language plpgsql stable as $$
begin
    return (
        select max (shown_at (e))
        from event e
        where e.complaint_id = c.complaint_id
          and (e.kind in (1, 52, 75) or e.data -> 'placed' = 'true' or e.kind in (33, 37) and e.data -> 'from' = '8'
               or e.kind = 39 and (e.data ->> 'was')::int & 2 <> 0 and (e.data ->> 'now')::int & 2 = 0));
end $$;

-- When strangers read something new of it the last time.
create function public_updated (c complaint) returns timestamptz language plpgsql stable as $$
begin
    return (
        select coalesce (max (v.at) filter (where v.at <= statement_timestamp ()), to_timestamp (hour_of (c.received) * 3600::float8))
        from (select public_since (c) as at) s,
             lateral (select greatest (s.at, shown_at (e)) as at from event e
                      where e.complaint_id = c.complaint_id and e.number is not null and e.kind = any (public_kinds ())) v);
end $$;

-- A published complaint as a request; its place to some hundred metres, its receipt to the hour.
create function public_request (c complaint) returns json language plpgsql stable as $$
begin
    return (
        select row_to_json (r)
        from (select number_text (c.number) as number, case when c.state = 7 then 'closed' else 'open' end as status, state_word (state_shown (c)) as state,
                     (select e.text from event e
                      where e.complaint_id = c.complaint_id and e.kind in (16, 17, 22) and e.number is not null and not coalesce (e.data ? 'private', false)
                      order by e.number desc limit 1) as status_notes,
                     c.category, g.name as category_name, desk_title (coalesce (t.title_edited, t.title), coalesce (t.body_edited, t.body)) as title,
                     coalesce (t.body_edited, t.body) as text, h.code as holder, h.name as holder_name,
                     to_timestamp (hour_of (c.received) * 3600::float8) as received, public_updated (c) as updated,
                     case when c.state < 7 then c.due_resolve end as due_resolve, p.whole as place, c.region,
                     round (t.latitude / 1e7::numeric, 3) as latitude, round (t.longitude / 1e7::numeric, 3) as longitude,
                     coalesce ((select s.count from supported s where s.complaint_id = c.complaint_id), 0) as supporters
              from content t
              left join agency h on h.agency_id = c.holder
              left join category g on g.category_id = c.category
              left join region_search p on p.code = c.region
              where t.complaint_id = c.complaint_id) r);
end $$;

-- Metres between two points, near enough for some tens of kilometres; of coordinates as they are published.
create function metres (latitude int, longitude int, to_latitude int, to_longitude int) returns float8 language sql immutable strict as $$
    select sqrt (power ((round (latitude, -4) - to_latitude)::float8 / 1e7 * 110574, 2)
                 + power ((round (longitude, -4) - to_longitude)::float8 / 1e7 * 111320 * cosd (to_latitude::float8 / 1e7), 2))
$$;

-- The squares that a circle touches, as the full text has them; at most 50 km.
create function squares_near (latitude int, longitude int, radius int) returns tsquery language sql immutable strict as $$
    select string_agg (quote_literal ('@g' || a || '_' || o), ' | ')::tsquery
    from (select least (radius, 50000) / 110574.0 * 10 as high, least (radius, 50000) / (111320.0 * greatest (cosd (latitude / 1e7), 0.1)) * 10 as wide) r,
         generate_series (floor (latitude / 1e6 - r.high - 0.01)::int, floor (latitude / 1e6 + r.high + 0.01)::int) a,
         generate_series (floor (longitude / 1e6 - r.wide - 0.01)::int, floor (longitude / 1e6 + r.wide + 0.01)::int) o
$$;

-- Requests, newest first: those that are named, whatever else is said; else those received in these hours, of this category, open or
-- closed, with something new since then, within the circle.  `page` from 1.
create function web.requests (ids text, category text, since timestamptz, until timestamptz, wanted text, updated_after timestamptz,
                              page int, size int, latitude int, longitude int, radius int)
returns setof json language plpgsql stable security definer set search_path = public as $$
declare
    narrow tsquery := case when category ~ '^[0-9]{1,9}$' then quote_literal ('@c' || category)::tsquery else ''::tsquery end;
    source text;
begin
    if ids = '' and category !~ '^[0-9]{0,9}$' then
        return;
    end if;
    if ids <> '' then
        return query
            select public_request (o.c)
            from (select distinct btrim (w) as number from unnest (string_to_array (ids, ',')) w) n
            cross join lateral (select c, c.received, c.number from numbered (n.number) c where public_now (c) order by c.complaint_id limit 1) o
            order by hour_of (o.received) desc, o.number desc
            limit least (size, 1000);
        return;
    end if;
    narrow := narrow && coalesce (squares_near (latitude, longitude, radius), ''::tsquery);
    source := 'select e.complaint_id, e.hour, e.number from search_entry e where e.hour between %1$s and %2$s'
              || case when numnode (narrow) > 0 then ' and e.words @@ %3$L::tsquery' else '' end
              || case when updated_after is not null
                      then ' and e.complaint_id in (select v.complaint_id from event v where v.at > %4$L::timestamptz - interval ''1 hour'' and v.kind = any (public_kinds () || publishing_kinds ()))'
                      else '' end;
    return query execute format (
        'select public_request (c)
         from (' || source || ') s
         join complaint c on c.complaint_id = s.complaint_id
         where public_now (c) and (%5$L = '''' or (c.state = 7) = (%5$L = ''closed''))
           and (%6$L::int is null or exists (select from content t where t.complaint_id = c.complaint_id
                                             and metres (t.latitude, t.longitude, %7$L::int, %8$L::int) <= %6$L::int))
           and (%4$L::timestamptz is null or public_updated (c) > %4$L::timestamptz)
         order by s.hour desc, s.number desc offset %9$s limit %10$s',
        coalesce (hour_of (since), 0), coalesce (hour_of (until), 2147483647), narrow, updated_after, wanted, radius, latitude, longitude,
        least ((greatest (page, 1) - 1)::bigint * greatest (size, 0), 100000), greatest (least (size, 1000), 0));
end $$;

-- What strangers could read for the first time between these moments, oldest first; of the complaints of one account, where it is
-- named.
create function web.updates (since timestamptz, until timestamptz, account text, page int, size int) returns setof json
language plpgsql stable security definer set search_path = public as $$
begin
    return query
        select row_to_json (u)
        from (select number_text (c.number) || '-' || e.number as id, number_text (c.number) as number, s.word as kind, v.at as updated,
                     case when c.state = 7 then 'closed' else 'open' end as status, a.code as agency, a.name as agency_name,
                     o.code as receiver, o.name as receiver_name,
                     case when e.kind in (16, 17, 22) and not coalesce (e.data ? 'private', false) then e.text end as text,
                     case when e.kind = 22 then resolution_word ((e.data ->> 'reason')::int) end as reason
              from (select distinct w.complaint_id from event w
                    where w.at >= since - interval '1 hour' and w.at < until and w.kind = any (public_kinds () || publishing_kinds ())) n
              join complaint c on c.complaint_id = n.complaint_id
              cross join lateral (select public_since (c) as at offset 0) p
              join event e on e.complaint_id = c.complaint_id and e.number is not null and e.kind = any (public_kinds ())
              cross join lateral (select greatest (shown_at (e), p.at) as at) v
              join step s on s.kind = e.kind
              left join agency a on a.agency_id = e.agency
              left join agency o on o.agency_id = (e.data ->> 'to')::int
              where public_now (c) and v.at >= since and v.at < least (until, statement_timestamp ())
                and (account = '' or c.adapter = (select p.principal_id from principal p where p.name = account and p.role = 1))
              order by v.at, c.number, e.number
              offset least ((greatest (page, 1) - 1)::bigint * greatest (size, 0), 100000) limit greatest (least (size, 1000), 0)) u;
end $$;

revoke execute on all functions in schema web from public;
grant execute on all functions in schema web to aduan_web;
