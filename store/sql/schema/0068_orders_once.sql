-- What several orders judge or do the same, said once.

-- Until when nobody logs in as a person after so many failures in a row: from the fifth on, twice as long each time, at most a quarter
-- of an hour.  `so_far`: what it is without this one.
create function rest_until (failures int, so_far timestamptz) returns timestamptz language sql stable as $$
    select case when failures >= 5 then statement_timestamp () + least (interval '15 minutes', interval '15 seconds' * 2 ^ least (failures - 5, 10)) else so_far end
$$;

-- Ends a person's sessions but for this one (the hash of its token): how many.
create function sessions_end (person int, but bytea) returns bigint language sql volatile as $$
    with ended as (
        delete from session s where s.principal_id = person and s.token_hash <> but
        returning 1
    )
    select count (*) from ended
$$;

-- Why he may not take this agency from its parent, to another one or out of the tree: enum reason; null: he may.  The root stays.
create function leave_fault (actor int, agency int, parent int) returns smallint language sql stable as $$
    select coalesce (order_fault (actor, agency, 32), watched_fault (actor, agency), case when parent is null or not person_may (actor, parent, 32) then 13 end::smallint)
$$;

-- Is it a place that is none?  No place is the nation.
create function region_unknown (region text) returns boolean language sql stable as $$
    select region is not null and not exists (select from region r where r.code = region_unknown.region)
$$;

-- The zone of this name; of none `otherwise`; null: there is no such zone.
create function zone_named (word text, otherwise smallint) returns smallint language sql immutable as $$
    select case coalesce (word, '') when '' then otherwise when 'WIB' then 7 when 'WITA' then 8 when 'WIT' then 9 end
$$;

revoke execute on function sessions_end from public;
grant execute on function sessions_end to aduan_store;
