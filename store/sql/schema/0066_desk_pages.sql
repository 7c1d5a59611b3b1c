-- What the desk finds and shows further: cases by their number and by more than words, how much is late below one, since when a key is.

-- The moment of an id, as the lowest of all ids that it can have.
create function id_at (at timestamptz) returns uuid language sql immutable strict as $$
    select (lpad (to_hex (greatest (extract (epoch from at) * 1000, 0)::bigint), 12, '0') || repeat ('0', 20))::uuid
$$;

-- Agencies at which open work counts as the reader's: one with what he has below it, or all of his scope.
create function desk_part (node int) returns setof int language sql stable security definer set search_path = public as $$
    select u.agency from agency_above u where u.above = node and (u.depth = 0 or person_may (session_reader (), node, 1 << 5))
    union all
    select a.agency_id from agency a where node is null and (select session_everywhere ())
    union all
    select s from session_scope () s where node is null and not (select session_everywhere ())
$$;

drop function desk_search (text, uuid, int);

-- The newest complaints that are as they are asked for and that the reader may read, older than `before` (null: the newest there are).
-- A tracking number in place of words finds that complaint alone.  Empty text and null mean: whatever it is.
--
-- An agency, like words, is found by the index.  Of the rest only lateness has one (of open work): state, category and day are judged
-- by walking from the newest, over 2,000 candidates at most (20,000 where nothing narrows them, which are cheaper).  Where that was not
-- enough the last row has `rest`, and for its id the moment up to which it was looked; it goes on from there.  So each is quick,
-- whatever is asked for, and says what it has not done.
--
-- Planned with the words themselves, since whether the index or a walk is faster depends on them alone, and for few candidates first; a
-- join by hash would read all complaints for the sake of 2,000.
create function desk_search (asked text, below text, states text, kind int, since timestamptz, until timestamptz, late boolean, before uuid, most int)
returns table (complaint_id uuid, at int, rest boolean) language plpgsql stable rows 30 security definer
set search_path = public set enable_hashjoin = off set enable_mergejoin = off as $$
declare
    person int := session_reader ();
    everywhere boolean := session_everywhere ();
    one bigint := number_bits (asked);
    wanted tsquery := websearch_to_tsquery ('indonesian', asked);
    -- an id's moment is when the form was opened, ten minutes after its receipt at the latest
    bound uuid := least (coalesce (before, 'ffffffff-ffff-ffff-ffff-ffffffffffff'), id_at (until + interval '10 minutes'));
    fits text := concat_ws (' and ', 'true',
        case states when '' then null when 'open' then 'c.state < 7' when 'ended' then 'c.state >= 7' else format ('c.state = %s', states::int) end,
        case when kind is not null then format ('c.category = %s', kind) end,
        case when since is not null then format ('c.received >= %L', since) end,
        case when until is not null then format ('c.received < %L', until) end);
    node int;
    scope tsquery;
    source text;
    rounds int[] := array[most * 4, 2000];
    looks int;
    looked int;
    got int := 0;
    each record;
begin
    if one is not null then
        return query select c.complaint_id, 1, false from complaint c where c.number = one and case_seen (c.complaint_id) order by c.complaint_id limit 1;
        return;
    end if;
    select string_agg (quote_literal ('@' || p.agency_id), ' | ')::tsquery into scope
    from appointment p
    where p.principal_id = person and p.ended_at is null and p.role in (5, 6, 7) and (p.until is null or p.until > statement_timestamp ());
    if scope is null or (btrim (asked) <> '' and numnode (wanted) = 0) or (btrim (asked) = '' and below = '' and fits = 'true' and not late) then
        return;
    end if;
    if below <> '' then
        select a.agency_id into node from agency a where lower (a.code) = lower (btrim (below)) and person_may (person, a.agency_id, desk_readers ())
        order by a.code = btrim (below) desc limit 1; -- codes of before may differ by that alone
        if node is null then
            return;
        end if;
        scope := quote_literal ('@' || node)::tsquery;
    elsif everywhere then
        scope := ''::tsquery; -- whoever is appointed at the root finds by the words alone
    end if;

    if late then
        rounds := array[10000];
        source := 'select w.complaint_id from (select distinct s.complaint_id from desk_part (%1$L) n cross join lateral
                       (select q.complaint_id from assignment q where q.agency = n and q.open and q.due <= now () and q.complaint_id < %2$L offset 0) s
                   order by s.complaint_id desc) w'
                  || case when numnode (wanted) > 0 then ' join search_entry s on s.complaint_id = w.complaint_id and s.words @@ %3$L::tsquery' else '' end
                  || ' order by w.complaint_id desc limit %4$s';
    elsif numnode (wanted && scope) > 0 then
        source := 'select s.complaint_id from search_entry s where s.words @@ %3$L::tsquery and s.complaint_id < %2$L order by s.complaint_id desc limit %4$s';
        wanted := wanted && scope;
    else
        rounds := array[20000];
        source := 'select s.complaint_id from complaint s where s.complaint_id < %2$L order by s.complaint_id desc limit %4$s';
    end if;

    foreach looks in array rounds loop
        looked := 0;
        for each in execute format ('select k.complaint_id as id, (%s) is true as fits from (%s) k join complaint c on c.complaint_id = k.complaint_id order by k.complaint_id desc',
                                    fits, format (source, node, bound, wanted, looks)) loop
            looked := looked + 1;
            if each.fits and case_until (each.id) is not null then
                got := got + 1;
                complaint_id := each.id;
                at := got;
                rest := false;
                return next;
                exit when got = most;
            end if;
        end loop;
        if got = most or looked < looks then
            return;
        end if;
        bound := each.id;
    end loop;
    -- as much of the id as tells nothing of the number
    complaint_id := (left (replace (bound::text, '-', ''), 16) || repeat ('f', 16))::uuid;
    at := most + 1;
    rest := true;
    return next;
end $$;

-- Since when keys are, and when each was changed last, also for those who do not read the change itself: an operator sees a key of his
-- without what else its agency's people did.
create function desk_keys_made () returns table (name text, since timestamptz, rotated timestamptz)
language sql stable security definer set search_path = public as $$
    select c.subject, max (c.at) filter (where c.name = 'make_key'), max (c.at) filter (where c.name = 'rotate_key')
    from change c where c.name in ('make_key', 'rotate_key') and session_reader () is not null
    group by c.subject
$$;

-- How many open cases the agencies have that the person watches, the latest first: `most` of them behind the first `skip`.  What all
-- of them have is counted by the index alone, and a case is late when what is due next of it is; by clock only those are counted that
-- are told.
drop index assignment_open;
create index assignment_open on assignment (agency, due, complaint_id) include (lead) where open;
drop function scope_counts ();
create function watch_counts (skip int, most int) returns table (agency int, cases bigint, late bigint, oversight bigint, late_verify bigint, late_first bigint,
                                                                  late_resolve bigint, oldest timestamptz, all_cases bigint, all_late bigint, all_agencies bigint)
language sql stable security definer rows 100 set search_path = public as $$
    with counted as materialized (
        select w.agency, count (*) as cases, count (*) filter (where w.due <= statement_timestamp ()) as late, min (w.due) as due
        from assignment w
        where w.open and w.lead and w.agency in (select session_watches ())
        group by 1
    ), ranked as materialized (
        select c.*, a.code, sum (c.cases) over ()::bigint as all_cases, sum (c.late) over ()::bigint as all_late, count (*) over () as all_agencies
        from counted c join agency a on a.agency_id = c.agency
        order by c.late desc, c.due, a.code
        limit most offset skip
    )
    select r.agency, r.cases, r.late, n.oversight, n.late_verify, n.late_first, n.late_resolve, n.oldest, r.all_cases, r.all_late, r.all_agencies
    from ranked r
    cross join lateral (
        select count (*) filter (where c.flags & 4 <> 0) as oversight,
               count (*) filter (where c.due_verify <= statement_timestamp () and c.state in (1, 2)) as late_verify,
               count (*) filter (where c.due_first <= statement_timestamp () and c.state = 4) as late_first,
               count (*) filter (where c.due_resolve <= statement_timestamp ()) as late_resolve, min (c.received) as oldest
        from assignment w join complaint c on c.complaint_id = w.complaint_id
        where w.agency = r.agency and w.open and w.lead) n
    order by r.late desc, r.due, r.code
$$;
