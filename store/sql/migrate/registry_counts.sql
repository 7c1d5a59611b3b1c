-- For who loads it: regions, and agencies that work.
select (select count (*) from region), (select count (*) from agency where retired_at is null)
