-- The registry: places, agencies, functions, categories; people's keys; the calendar.
create table installation (
    one           boolean primary key default true check (one),
    id_key_check  bytea,                        -- a wrong id key is refused at start
    epoch         bigint not null default 1,    -- high part of every version (RELIABILITY P20)
    system        bigint not null default 0,
    timeline      int not null default 0
);
insert into installation default values;

create table region (
    code   text primary key,                    -- 33, 33.74, 33.74.01, 33.74.01.1001
    level  smallint not null check (level between 1 and 4),
    name   text not null,
    zone   smallint                             -- hours east of UTC; null: the level above says
);

create table function (
    function_id smallint generated always as identity primary key,
    code        text not null unique,
    name        text not null,
    unit_name   text not null,
    levels      text not null
);

create table agency (
    agency_id  int generated always as identity primary key,
    code       text not null unique,
    parent     int references agency,
    kind       text not null check (kind in ('root', 'agency', 'unit', 'subunit')),
    function_id smallint references function,
    region     text references region,
    flags      text not null default '-',       -- inspectorate, desk, central
    name       text not null,
    zone       smallint not null default 7,
    retired_at timestamptz,
    successor  int references agency,
    desk       int,                             -- the coordinator above it, never itself but at the root
    overseer   int                              -- the inspectorate above it, never itself but at the root
);
create index agency_parent on agency (parent);

-- The tree: every agency with itself (depth 0) and each one above.
create table agency_above (
    agency  int not null references agency,
    above   int not null references agency,
    depth   smallint not null,
    primary key (agency, above)
);
create index agency_above_above on agency_above (above);

create table category (
    category_id int primary key,
    parent      int references category,
    function_id smallint references function,
    agency_id   int references agency,
    class       smallint not null default 0,
    name        text not null
);

create table oversight_phrase (
    phrase text primary key
);

create table day_off (
    day   date primary key,
    kind  text not null,
    name  text not null
);

-- Limits in working days (DOMAIN 3.2: Permenpan RB 62/2018 and the LAPOR! procedure).
create table limit_rule (
    clock  text not null,                       -- verify, first, resolve
    class  smallint not null,                   -- 0: every class without a row of its own
    days   smallint not null,
    primary key (clock, class)
);
insert into limit_rule values
    ('verify', 0, 3), ('first', 0, 5),
    ('resolve', 0, 5),                          -- class blank: provisional
    ('resolve', 1, 14), ('resolve', 2, 14), ('resolve', 3, 60), ('resolve', 4, 5), ('resolve', 5, 5);

create table principal (
    principal_id int generated always as identity primary key,
    name         text not null unique,
    role         smallint not null,             -- 1 adapter, 2 worker, 3 front
    key          text not null unique,          -- CURVE public key, Z85
    rights       text not null default '-',
    revoked_at   timestamptz
);

create table principal_agency (
    principal_id int not null references principal,
    agency_id    int not null references agency,
    primary key (principal_id, agency_id)
);

-- What the store publishes; a trigger raises the version whenever what it is made of changes.
create table snapshot (
    kind     smallint primary key,              -- 1 principals, 2 registry
    version  bigint not null
);
insert into snapshot values (1, 1), (2, 1);

create function snapshot_raise () returns trigger language plpgsql as $$
begin
    update snapshot set version = version + 1 where kind = tg_argv[0]::smallint;
    return null;
end $$;
create trigger principal_changed after insert or update or delete on principal
    for each statement execute function snapshot_raise ('1');
create trigger principal_agency_changed after insert or update or delete on principal_agency
    for each statement execute function snapshot_raise ('1');
