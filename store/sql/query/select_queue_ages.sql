-- Ages of what is not finished, for the gauges (RELIABILITY P22).
select coalesce (extract (epoch from clock_timestamp () - (select min (claimed_at) from dispatch)), 0)::bigint as dispatch,
       (select count (*) from notice_pending)::bigint as notices,
       (select count (*) from quarantine)::bigint as quarantine,
       (select count (*) from waiting)::bigint as waiting
