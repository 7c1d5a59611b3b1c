-- What a front doubted (docs/channels.md, "Abuse").
--
-- complaint.flags, besides: 4096 a front doubted it; it waits for a coordinator while it is not placed (due_first is null).

-- Does this open work wait for a person because a front doubted it?  Asked of work in bulk alone, by key; planned once.
create function work_doubted (id uuid) returns boolean language plpgsql stable as $$
begin
    return (select c.flags & 4096 <> 0 and c.due_first is null from complaint c where c.complaint_id = id);
end $$;
