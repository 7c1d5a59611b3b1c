-- Where a complaint goes in the statement that makes it secret or oversight is no news for its aliases' reporters: they are
-- let go in the same statement (complaint_shut).  As in 0020, but for that.
drop trigger complaint_followed on complaint;
create trigger complaint_followed after update of events on complaint for each row
    when (new.flags & 32 <> 0 and new.flags & 6 = 0 and new.events > old.events) execute function complaint_followed ();
