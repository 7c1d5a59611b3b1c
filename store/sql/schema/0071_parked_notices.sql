-- Parked notices are listed by when they were parked.
create index notice_ended_at on notice_ended (at);
