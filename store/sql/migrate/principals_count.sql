-- For who loads them: keys that enter.
select count (*) from principal where revoked_at is null and role < 4
