-- People who work here: who they are, what they are appointed to, how they come in.
--
-- A person is a principal without a CURVE key: a front (aduan-desk, the command) speaks for him with his session's token.
-- Role of a principal:     1 adapter, 2 worker, 3 front, 4 person
-- Role of an appointment:  5 coordinator, 6 agency_admin, 7 liaison, 8 overseer, 9 operator (DOMAIN 1.2)
-- A coordinator's reaches the agency and all below it, an overseer's and an operator's, too; an agency admin's and a
-- liaison's the agency alone.
alter table principal alter key drop not null;
alter table principal add constraint principal_key_or_person check ((role = 4) = (key is null));

create table person (
    principal_id int primary key references principal,
    login        text not null unique check (login = lower (login) and login <> ''),
    name         text not null,
    language     smallint not null default 1,   -- enum language
    password     text,                          -- argon2id as libsodium writes it; null: invited, and never came in
    factor       bytea,                         -- secret of the second factor (RFC 6238), sealed with the store's key; null: none yet
    factor_step  bigint not null default 0,     -- the last step that was used: a code counts once
    failures     smallint not null default 0,
    locked_until timestamptz,
    locked_by    int,                           -- who locked him: one below that person does not undo it
    seen_at      timestamptz
);

create table appointment (
    appointment_id int generated always as identity primary key,
    principal_id   int not null references person,
    agency_id      int not null references agency,
    role           smallint not null check (role between 5 and 9),
    named          boolean not null default false, -- an inspectorate's named staff: reads oversight content (DOMAIN 1.4, rule 7)
    opens          boolean not null default false, -- at the root: asks for identities, approves what others ask (identity_may)
    deputy_of      int references person,          -- acts when that liaison is away
    appointed_by   int not null,
    since          timestamptz not null default now (),
    until          timestamptz,                    -- null: without end
    ended_at       timestamptz
);
create unique index appointment_held on appointment (principal_id, agency_id, role) where ended_at is null;
create index appointment_agency on appointment (agency_id) where ended_at is null;

create table session (
    token_hash   bytea primary key,             -- SHA-256 of the token, which nobody keeps here
    principal_id int not null references person,
    front        int not null,
    since        timestamptz not null default now (),
    seen_at      timestamptz not null default now (),
    ends_at      timestamptz not null,          -- moves on with whatever the person does
    last_at      timestamptz not null default now () + interval '12 hours' -- behind that it does not go
);
create index session_principal on session (principal_id);

create table invitation (
    token_hash   bytea primary key,
    principal_id int not null references person,
    invited_by   int not null,
    since        timestamptz not null default now (),
    ends_at      timestamptz not null,
    used_at      timestamptz,
    used_key     uuid                           -- of the order that used it: its repeat is no second use
);

-- How an agency is connected (DOMAIN 1.3), and who signs for it.
alter table agency
    add verify_at      smallint not null default 1 check (verify_at in (1, 2)), -- 1 itself, 2 the national desk
    add route_depth    smallint,                -- levels below it that the router may place at; null: all
    add approver       int references person,   -- its liaisons' answers are drafts until he approves; null: they are sent
    add liaison_closes boolean not null default false;

-- Reads of one case by somebody outside whose scope it is: overseers, and whoever it is shown to.  Past holders, supporters
-- and copies are rows of assignment and informed already.
create table permit (
    permit_id    bigint generated always as identity primary key,
    complaint_id uuid not null,
    agency_id    int references agency,
    principal_id int references person,
    level        smallint not null,             -- 1 state and clocks, 2 content
    since        timestamptz not null default now (),
    until        timestamptz not null,
    granted_by   int not null,
    reason       text not null,
    ended_at     timestamptz,
    check (num_nonnulls (agency_id, principal_id) = 1)
);
create index permit_complaint on permit (complaint_id);

-- When an agency ceased to hold it: what comes later it does not read, but for the outcome.
alter table assignment add left_at timestamptz;

-- The person whose session it is; null: none, or over.
create function session_person (token bytea) returns int language sql stable as $$
    select s.principal_id
    from session s join principal p on p.principal_id = s.principal_id and p.revoked_at is null
    where s.token_hash = sha256 (token) and s.ends_at > statement_timestamp ()
$$;

-- May this person act as this role in this agency?  `roles`: bits 1 << role.  The agency is in the scope of one of his
-- appointments, or he has none: then nothing.
create function person_may (person int, agency int, roles int) returns boolean language sql stable as $$
    select exists (
        select from appointment a
        join agency_above u on u.agency = person_may.agency and u.above = a.agency_id
        where a.principal_id = person and a.ended_at is null and (a.until is null or a.until > statement_timestamp ())
          and roles & (1 << a.role) <> 0 and (u.depth = 0 or a.role in (5, 8, 9)))
$$;

grant select, insert, update, delete on person, appointment, session, invitation, permit to aduan_store;
