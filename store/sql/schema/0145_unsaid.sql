-- Not published, and not told in words, are two things (docs/channels.md, "What is said").
--
-- complaint.flags, besides: 8192 nobody has said anything of secrecy, so that 2, where it is set, is for want of a word alone: by SMS,
-- WhatsApp and mail nobody is asked.  Such a case is not for the public, and what its agency says is for its reporter in words.  The bit
-- goes when anybody says it, yes or no: the reporter, staff, a rule, the oversight filter.  Cases of before have it not, and stay without
-- words; a store of before never sets it.

-- Do notices of a case with these flags say nothing but that there is news?
create function is_hushed (flags int) returns boolean language sql immutable as $$
    select flags & 4 <> 0 or flags & 8194 = 2
$$;

-- These flags, with those of `more` set by whoever may only tighten.
create function flags_tightened (flags int, more int) returns int language sql immutable as $$
    select case when more & 6 <> 0 then flags & ~8192 else flags end | more
$$;
