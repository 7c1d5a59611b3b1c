-- Timers look at every complaint that is open.
select complaint_id from complaint where state < 7
except
select complaint_id from wake
