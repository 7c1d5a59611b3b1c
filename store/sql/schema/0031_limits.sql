-- Limits and steps of the clocks as versions: docs/deadlines.md.  A complaint has those of the newest version that had begun
-- when it was received.
create table limit_set (
    limit_version int primary key,
    starts_at     timestamptz not null,
    at            timestamptz not null default now (),
    shipped       boolean not null default false, -- came with the program; an operator's own is never replaced by one
    note          text
);

-- rule:  limit     days of the clock: working days, of `complete` calendar days; `offer` counts from receipt
--        warn      so many working days before its end, or when that share of the limit is used
--        escalate  so many working days late, step by step
--        remind    of `silence` so many working days before its end, of `complete` so many days after its start
create table limit_row (
    limit_version int not null references limit_set,
    rule          text not null check (rule in ('limit', 'warn', 'escalate', 'remind')),
    clock         text not null check (clock in ('verify', 'first', 'resolve', 'silence', 'complete', 'offer')),
    class         smallint not null default 0 check (class between 0 and 5), -- 0: every class without a row of its own, and none
    agency        int references agency,        -- with all below it; null: everybody
    days          smallint[] not null check (cardinality (days) between 1 and 8 or share is not null),
    share         smallint check (share between 1 and 999) -- permille
);
create unique index limit_row_key on limit_row (limit_version, rule, clock, class, coalesce (agency, 0));

insert into limit_set values (1, '-infinity', now (), true, 'Permenpan RB 62/2018 and the LAPOR! procedure (DOMAIN 3.2)');
insert into limit_row select 1, 'limit', clock, class, null, array [days] from limit_rule;
insert into limit_row values
    (1, 'limit', 'silence', 0, null, '{10}', null), (1, 'limit', 'complete', 0, null, '{30}', null), (1, 'limit', 'offer', 0, null, '{60}', null),
    (1, 'warn', 'verify', 0, null, '{1}', null), (1, 'warn', 'first', 0, null, '{1}', null), (1, 'warn', 'resolve', 0, null, '{}', 667),
    (1, 'escalate', 'verify', 0, null, '{0,3,7,14}', null), (1, 'escalate', 'first', 0, null, '{0,3,7,14}', null),
    (1, 'escalate', 'resolve', 0, null, '{0,3,7,14}', null),
    (1, 'remind', 'silence', 0, null, '{2}', null), (1, 'remind', 'complete', 0, null, '{10,20,27}', null);

create function limit_set_of (received timestamptz) returns int language sql stable as $$
    select limit_version from limit_set where starts_at <= received order by limit_version desc limit 1
$$;

drop table limit_rule;
create view limit_rule as
select clock, class, days [1] as days from limit_row
where limit_version = limit_set_of (statement_timestamp ()) and agency is null and rule = 'limit' and clock in ('verify', 'first', 'resolve');

-- The days of a clock that starts at this agency, of a complaint received then: of the nearest agency above that has a row,
-- the one of the class before the one of all.
create function clock_limit (of_clock text, of_class smallint, at_agency int, received timestamptz) returns int language sql stable as $$
    select r.days [1]::int
    from limit_row r
    left join agency_above u on u.agency = at_agency and u.above = r.agency
    where r.limit_version = limit_set_of (received) and r.rule = 'limit' and r.clock = of_clock
      and r.class in (0, coalesce (of_class, 0)) and (r.agency is null or u.above is not null)
    order by u.depth nulls last, r.class desc
    limit 1
$$;
create function clock_limit (of_clock text, of_class smallint, at_agency int) returns int language sql stable as $$
    select clock_limit (of_clock, of_class, at_agency, statement_timestamp ())
$$;

-- A version as its file.
create function limits_text (of_version int) returns text language sql stable as $$
    select E'rule\tclock\tclass\tagency\tdays\n' || coalesce (string_agg (concat_ws (E'\t', rule, clock, coalesce (class_word, '-'), coalesce (code, '-'),
               coalesce (share || '/1000', array_to_string (days, ','))) || E'\n', '' order by nth, clock, class, code nulls first), '')
    from (select r.*, a.code, array_position (array ['limit', 'warn', 'escalate', 'remind'], r.rule) as nth,
                 (array ['complaint', 'complaint_plain', 'complaint_oversight', 'aspiration', 'info_request']) [r.class] as class_word
          from limit_row r left join agency a on a.agency_id = r.agency where r.limit_version = of_version) w
$$;

grant select on limit_set, limit_row, limit_rule to aduan_store, aduan_query;
