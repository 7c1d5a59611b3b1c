-- Limits in working days.
select clock, class, days from limit_rule
