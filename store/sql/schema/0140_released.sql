-- What was doubted at a public door waits in bulk until a person has seen it (docs/channels.md, "Doubt").

-- The priority of a complaint with these flags (4096: doubted) that is verified, taken on or placed for the first time: what waited in
-- bulk for being doubted is as any other now.  No door doubts what is sent in bulk.
create function priority_placed (flags smallint, priority smallint) returns smallint language sql immutable as $$
    select case when flags & 4096 <> 0 and priority = 4 then 3 else priority end::smallint
$$;
