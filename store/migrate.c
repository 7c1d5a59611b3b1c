/* aduan-migrate - schema, registry, principals, calendar, limits, rules and model, loaded at set-up and upgrade.
 *
 *     aduan-migrate [-d CONNINFO] schema
 *     aduan-migrate [-d CONNINFO] registry FOLDER
 *     aduan-migrate [-d CONNINFO] principals FILE
 *     aduan-migrate [-d CONNINFO] calendar FILE [--note TEXT] [--shipped]
 *     aduan-migrate [-d CONNINFO] calendar --version N | --show N
 *     aduan-migrate [-d CONNINFO] limits FILE [--note TEXT] [--starts DAY]
 *     aduan-migrate [-d CONNINFO] limits --show N
 *     aduan-migrate [-d CONNINFO] invite LOGIN NAME [ROLE]
 *     aduan-migrate [-d CONNINFO] rules FILE [--note TEXT]
 *     aduan-migrate [-d CONNINFO] rules --version N | --show N
 *     aduan-migrate [-d CONNINFO] model FILE [--name NAME] [--report FILE]
 *     aduan-migrate [-d CONNINFO] model --version N | --show N
 *
 * Run again it changes nothing that is right.  One runs at a time (an advisory lock); each command
 * is one transaction.  Numbers of agencies and functions are PostgreSQL's, given once by code and
 * stable for ever; what is no longer in the files is retired, never deleted.  A key alone stays as
 * it is until its line says `revoked`.  What people have changed by orders (docs/administration.md) is
 * theirs: the files do not decide about it any more.
 */
#include "migrate.h"
#include "base/log.h"
#include "domain/lifecycle.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define LOCK "select pg_advisory_lock (4157440311)"

static const struct {
    int number;
    const char *name, *text;
} migrations[] = {
#define MIGRATION(number, name, text) {number, name, text},
#include "migrations.inc"
};

_Noreturn void give_up (PGconn *db, int status)
{
    PQfinish (db); /* and with it the transaction */
    exit (status);
}

PGresult *run_checked (PGconn *db, const char *what, PGresult *result)
{
    ExecStatusType status = PQresultStatus (result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN) {
        log_error ("%s: %s", what, PQerrorMessage (db));
        PQclear (result);
        give_up (db, EX_DATAERR);
    }
    return result;
}

PGresult *run (PGconn *db, const char *what, const char *sql)
{
    return run_checked (db, what, PQexec (db, sql));
}

void run_quietly (PGconn *db, const char *what, const char *sql)
{
    PQclear (run (db, what, sql));
}

long run_number (PGconn *db, const char *what, const char *sql)
{
    PGresult *result = run (db, what, sql);
    long number = PQntuples (result) ? strtol (PQgetvalue (result, 0, 0), NULL, 10) : 0;
    PQclear (result);
    return number;
}

/* ---- schema -------------------------------------------------------------------------------- */

static int load_schema (PGconn *db, int unused, char **unused_too)
{
    (void) unused;
    (void) unused_too;
    run_quietly (db, "schema",
                 "create table if not exists migration (number int primary key, "
                 "name text not null, at timestamptz not null default now())");
    long done = run_number (db, "schema", "select coalesce (max (number), 0) from migration");
    for (size_t i = 0; i < array_len (migrations); i++) {
        if (migrations[i].number <= done)
            continue;
        char *note = xformat ("insert into migration values (%d, '%s')", migrations[i].number,
                              migrations[i].name);
        run_quietly (db, migrations[i].name, migrations[i].text);
        run_quietly (db, migrations[i].name, note);
        free (note);
        log_info ("schema %d, %s", migrations[i].number, migrations[i].name);
    }
    struct buffer lifecycle = {0};
    lifecycle_sql (&lifecycle);
    buffer_add (&lifecycle, "", 1);
    run_quietly (db, "lifecycle", lifecycle.at);
    buffer_free (&lifecycle);
    return 0;
}

/* ---- files --------------------------------------------------------------------------------- */

FILE *open_file (PGconn *db, const char *path)
{
    FILE *file = fopen (path, "r");
    if (!file) {
        log_error ("%s: cannot be read: %s", path, strerror (errno));
        give_up (db, EX_NOINPUT);
    }
    return file;
}

void copy_begin (PGconn *db, const char *path, const char *table)
{
    char *copy = xformat ("copy %s from stdin with (format text, null '-')", table);
    run_quietly (db, path, copy);
    free (copy);
}

void copy_end (PGconn *db, const char *path)
{
    PQputCopyEnd (db, NULL);
    PGresult *result = PQgetResult (db);
    if (PQresultStatus (result) != PGRES_COMMAND_OK) {
        log_error ("%s: %s", path, PQerrorMessage (db));
        give_up (db, EX_DATAERR);
    }
    PQclear (result);
    PQclear (PQgetResult (db));
}

/* A line with its newline; without the last of `fields` fields it goes in as if that said "-". */
static void copy_line (PGconn *db, const char *line, size_t len, unsigned fields)
{
    unsigned tabs = 0;
    for (size_t i = 0; i < len; i++)
        tabs += line[i] == '\t';
    if (fields < 2 || tabs != fields - 2) {
        PQputCopyData (db, line, (int) len);
        return;
    }
    len -= line[len - 1] == '\n';
    PQputCopyData (db, line, (int) len);
    PQputCopyData (db, "\t-\n", 3);
}

/* A tab-separated file without its first line, comment lines and empty lines, into a table.  `fields`: how
 * many there are where the last may be absent, 0 where none may. */
static void copy_file (PGconn *db, const char *path, const char *table, unsigned fields)
{
    FILE *file = open_file (db, path);
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    bool head = true;
    copy_begin (db, path, table);
    while ((len = getline (&line, &room, file)) > 0) {
        if (!head && line[0] != '#' && line[0] != '\n')
            copy_line (db, line, (size_t) len, fields);
        head = head && line[0] == '#';
    }
    free (line);
    fclose (file);
    copy_end (db, path);
}

/* `optional`: no such file is an empty one.  `fields` as in copy_file. */
static void copy_from (PGconn *db, const char *folder, const char *name, const char *columns,
                       bool optional, unsigned fields)
{
    char *create = xformat ("create temp table new_%s (%s) on commit drop", name, columns),
         *path = xformat ("%s/%s.tsv", folder, name), *table = xformat ("new_%s", name);
    run_quietly (db, name, create);
    if (!optional || access (path, F_OK) == 0)
        copy_file (db, path, table, fields);
    free (create);
    free (path);
    free (table);
}

/* ---- registry ------------------------------------------------------------------------------ */

static const char *const registry_steps[] = {
    /* a conflict would use up a number, and functions have few */
    "insert into function (code, name, unit_name, levels) select code, name, unit_name, levels from new_functions n "
    "where not exists (select from function f where f.code = n.code)",
    "update function f set name = n.name, unit_name = n.unit_name, levels = n.levels from new_functions n where f.code = n.code "
    "and (f.name, f.unit_name, f.levels) is distinct from (n.name, n.unit_name, n.levels)",

    "insert into region (code, level, name, zone) select code, level, name, "
    "case zone when 'WIB' then 7 when 'WITA' then 8 when 'WIT' then 9 end from new_regions "
    "on conflict (code) do update set level = excluded.level, name = excluded.name, zone = excluded.zone "
    "where (region.level, region.name, region.zone) is distinct from (excluded.level, excluded.name, excluded.zone)",

    "insert into agency (code, kind, name) select code, kind, name from new_agencies n "
    "where not exists (select from agency a where a.code = n.code)",

    /* without a zone of its own an agency has that of the next one above that has one */
    "create temp table new_zones on commit drop as with recursive up (code, parent_code, zone, depth) as ("
    "select code, parent_code, zone, 0 from new_agencies union all "
    "select up.code, p.parent_code, p.zone, up.depth + 1 from up join new_agencies p on p.code = up.parent_code "
    "where up.zone is null and up.depth < 32) "
    "select distinct on (code) code, case zone when 'WITA' then 8 when 'WIT' then 9 else 7 end as zone from up order by code, depth desc",

    "update agency a set parent = p.agency_id, kind = n.kind, function_id = f.function_id, region = n.region_code, "
    "flags = coalesce (n.flags, '-'), name = n.name, zone = z.zone, retired_at = null "
    "from new_agencies n join new_zones z on z.code = n.code left join agency p on p.code = n.parent_code left join function f on f.code = n.function_code "
    "where a.code = n.code and a.by_order is null and (a.parent, a.kind, a.function_id, a.region, a.flags, a.name, a.zone, a.retired_at) is distinct from "
    "(p.agency_id, n.kind, f.function_id, n.region_code, coalesce (n.flags, '-'), n.name, z.zone, null)",

    "update agency a set retired_at = now () where retired_at is null and by_order is null and not exists (select from new_agencies n where n.code = a.code)",

    "insert into category (category_id, parent, function_id, agency_id, class, name, level, sure) "
    "select n.number, n.parent_number, f.function_id, a.agency_id, case n.class when 'complaint' then 1 when 'complaint_plain' then 2 "
    "when 'complaint_oversight' then 3 when 'aspiration' then 4 when 'info_request' then 5 else 0 end, n.name, "
    "case n.level when 'province' then 1 when 'regency' then 2 else 0 end, coalesce (n.sure, 930) "
    "from new_categories n left join function f on f.code = n.function_code left join agency a on a.code = n.agency_code order by n.number "
    "on conflict (category_id) do update set parent = excluded.parent, function_id = excluded.function_id, agency_id = excluded.agency_id, "
    "class = excluded.class, name = excluded.name, level = excluded.level, sure = excluded.sure "
    "where (category.parent, category.function_id, category.agency_id, category.class, category.name, category.level, category.sure) is distinct from "
    "(excluded.parent, excluded.function_id, excluded.agency_id, excluded.class, excluded.name, excluded.level, excluded.sure)",

    "insert into oversight_phrase (phrase, kind) select phrase, min (coalesce (kind, 'word')) from new_oversight group by phrase "
    "on conflict (phrase) do update set kind = excluded.kind where oversight_phrase.kind is distinct from excluded.kind",
    "delete from oversight_phrase p where not exists (select from new_oversight n where n.phrase = p.phrase)",
    "select agency_derive ()",

    "delete from competence where by_order is null",
    "insert into competence select a.agency_id, f.function_id, n.region_code from new_competence n "
    "join agency a on a.code = n.agency_code join function f on f.code = n.function_code on conflict do nothing",

    "delete from mandate",
    "insert into mandate (function_id, agency_id, phrase, weight, level) select f.function_id, case when f.function_id is null then a.agency_id end, "
    "n.phrase, n.weight, case n.level when 'province' then 1 when 'regency' then 2 else 0 end from new_mandates n left join function f on f.code = n.owner left join agency a on a.code = n.owner",
};

/* Who is named but not there: file, column, value. */
#define REGISTRY_FAULTS                                                                                  \
    "select 'mandates', 'owner', owner, 'neither a function nor an agency has this code' "               \
    "from new_mandates n where not exists (select from new_functions f where f.code = n.owner) "         \
    "and not exists (select from new_agencies a where a.code = n.owner) "                                \
    "union select 'mandates', 'level', level, 'neither province, regency nor -' from new_mandates "      \
    "where level not in ('province', 'regency') "                                                        \
    "union select 'competence', 'agency_code', agency_code, 'there is no such agency' "                  \
    "from new_competence n where not exists (select from new_agencies a where a.code = agency_code) "    \
    "union select 'competence', 'function_code', function_code, 'there is no such function' "            \
    "from new_competence n where not exists (select from new_functions f where f.code = function_code) " \
    "union select 'competence', 'region_code', region_code, 'there is no such region' "                  \
    "from new_competence n where region_code is not null "                                               \
    "and not exists (select from new_regions r where r.code = region_code) order by 1, 2, 3"

/* A word of a mandate that reaches nobody, or an exception for nobody, is a slip of the pen. */
static void check_registry (PGconn *db, const char *folder)
{
    PGresult *found = run (db, "registry", REGISTRY_FAULTS);
    int count = PQntuples (found);
    for (int row = 0; row < count; row++)
        log_error ("%s/%s.tsv: %s \"%s\": %s", folder, PQgetvalue (found, row, 0),
                   PQgetvalue (found, row, 1),
                   log_text (PQgetvalue (found, row, 2), strlen (PQgetvalue (found, row, 2))),
                   PQgetvalue (found, row, 3));
    PQclear (found);
    if (count)
        give_up (db, EX_DATAERR);
}

#define LEFT_OPEN                                                                                  \
    "select a.code, count (*) from assignment w join agency a on a.agency_id = w.agency "          \
    "where w.state < 7 and a.retired_at is not null group by a.code order by count (*) desc, a.code"

/* Work does not move by itself: who loads must know of it. */
static void warn_of_left_open (PGconn *db)
{
    PGresult *found = run (db, "registry", LEFT_OPEN);
    for (int row = 0; row < PQntuples (found); row++)
        log_warning ("%s is not in the registry any more, and still has %s open: somebody hands "
                     "them back (aduan work --agency %s)",
                     PQgetvalue (found, row, 0), PQgetvalue (found, row, 1),
                     PQgetvalue (found, row, 0));
    PQclear (found);
}

/* Everything the snapshot is made of, as one digest: an unchanged registry raises no version. */
#define REGISTRY_DIGEST "select md5 (snapshot_registry ())"

static int load_registry (PGconn *db, int unused, char **arguments)
{
    (void) unused;
    const char *folder = arguments[0];
    PGresult *before = run (db, "registry", REGISTRY_DIGEST);
    copy_from (db, folder, "functions", "code text, name text, unit_name text, levels text", false,
               0);
    copy_from (db, folder, "regions", "code text, level int, name text, zone text", false, 0);
    copy_from (db, folder, "agencies",
               "code text, parent_code text, kind text, function_code text, region_code text, "
               "flags text, name text, zone text",
               false, 0);
    copy_from (db, folder, "categories",
               "number int, parent_number int, function_code text, agency_code text, class text, "
               "level text, sure int, name text",
               false, 0);
    copy_from (db, folder, "oversight", "phrase text, kind text", false, 2);
    copy_from (db, folder, "competence", "agency_code text, function_code text, region_code text",
               true, 0);
    copy_from (db, folder, "mandates", "owner text, weight int, phrase text, level text", true, 4);
    check_registry (db, folder);
    for (size_t i = 0; i < array_len (registry_steps); i++)
        run_quietly (db, "registry", registry_steps[i]);
    warn_of_left_open (db);
    run_quietly (db, "registry", "analyze agency");
    struct registry *registry = registry_published (db);
    registry_destroy (&registry);
    PGresult *after = run (db, "registry", REGISTRY_DIGEST);
    bool changed = strcmp (PQgetvalue (before, 0, 0), PQgetvalue (after, 0, 0)) != 0;
    if (changed)
        run_quietly (db, "registry", "update snapshot set version = version + 1 where kind = 2");
    log_info ("registry: %ld regions, %ld agencies, %s",
              run_number (db, "registry", "select count (*) from region"),
              run_number (db, "registry", "select count (*) from agency where retired_at is null"),
              changed ? "a new version" : "unchanged");
    PQclear (before);
    PQclear (after);
    return 0;
}

/* ---- principals: the file ------------------------------------------------------------------ */

/* A person writes this file and a fault in it decides who may enter: all of it is looked at before
 * anything changes, and every fault is named with its line. */

#define SMALL   "abcdefghijklmnopqrstuvwxyz"
#define CAPITAL "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"
#define HEADER  "name\trole\tkey\trights\tagencies\tstate"
#define SHAPE   "name, role, key, rights, agencies, state, one tab between two"

static bool only (struct view value, const char *signs)
{
    for (size_t i = 0; i < value.len; i++)
        if (!value.at[i] || !strchr (signs, value.at[i]))
            return false;
    return value.len > 0;
}

static bool every_item (struct view list, bool (*right) (struct view item))
{
    for (;;) {
        const char *comma = memchr (list.at, ',', list.len);
        size_t len = comma ? (size_t) (comma - list.at) : list.len;
        if (!right ((struct view){list.at, len}))
            return false;
        if (!comma)
            return true;
        list.at += len + 1;
        list.len -= len + 1;
    }
}

static bool name_right (struct view value)
{
    return value.len <= 64 && only (value, SMALL CAPITAL DIGITS "._-") && !view_is (value, "-");
}

static bool role_right (struct view value)
{
    return view_is (value, "adapter") || view_is (value, "worker") || view_is (value, "front");
}

static bool right_known (struct view value)
{
    return view_is (value, "emergency") || view_is (value, "bulk");
}

static bool rights_right (struct view value)
{
    return view_is (value, "-") || every_item (value, right_known);
}

static bool code_right (struct view value)
{
    return only (value, DIGITS SMALL CAPITAL "./_-");
}

static bool agencies_right (struct view value)
{
    return view_is (value, "-") || every_item (value, code_right);
}

static bool state_right (struct view value)
{
    return view_is (value, "active") || view_is (value, "revoked");
}

static const struct {
    const char *name;
    bool (*right) (struct view value);
    const char *remedy;
} principal_columns[] = {
    {"name", name_right, "a name is 1 to 64 of a-z A-Z 0-9 . _ -"},
    {"role", role_right, "a role is adapter, worker or front"},
    {"key", key_valid, "a key is the 40 signs that aduan keygen prints"},
    {"rights", rights_right, "rights are emergency, bulk, both with a comma between, or -"},
    {"agencies", agencies_right, "agencies are codes with a comma and no blank between, or -"},
    {"state", state_right, "a state is active or revoked"},
};

struct principal_file {
    const char *path;
    int line; /* the one that is looked at */
    int faults;
    bool headed, has_crlf;
    struct buffer rows; /* for COPY: the line's number and its fields, "-" for one with a fault */
};

static void say_fault (struct principal_file *file, int line, const char *what, struct view value,
                       const char *remedy)
{
    log_error ("%s, line %d: %s \"%s\": %s", file->path, line, what, log_text (value.at, value.len),
               remedy);
    file->faults++;
}

static void take_fields (struct principal_file *file, struct view line)
{
    buffer_format (&file->rows, "%d", file->line);
    for (size_t i = 0; i < array_len (principal_columns); i++) {
        const char *tab = memchr (line.at, '\t', line.len);
        struct view value = {line.at, tab ? (size_t) (tab - line.at) : line.len};
        bool right = principal_columns[i].right (value);
        if (!right)
            say_fault (file, file->line, principal_columns[i].name, value,
                       principal_columns[i].remedy);
        buffer_add (&file->rows, "\t", 1);
        buffer_add (&file->rows, right ? value.at : "-", right ? value.len : 1);
        line.at += value.len + (tab ? 1 : 0);
        line.len -= value.len + (tab ? 1 : 0);
    }
    buffer_add (&file->rows, "\n", 1);
}

static void take_line (struct principal_file *file, struct view line)
{
    size_t tabs = 0;
    for (size_t i = 0; i < line.len; i++)
        tabs += line.at[i] == '\t';
    if (tabs + 1 == array_len (principal_columns))
        take_fields (file, line);
    else if (tabs + 1 < array_len (principal_columns) && memchr (line.at, ' ', line.len))
        say_fault (file, file->line, "line", line, "blanks stand where tabs belong: " SHAPE);
    else
        say_fault (file, file->line, "line", line, "it has not got the six fields: " SHAPE);
}

/* What editors of other systems leave behind. */
static struct view without_marks (struct principal_file *file, struct view line)
{
    if (file->line == 1 && line.len >= 3 && memcmp (line.at, "\xef\xbb\xbf", 3) == 0) {
        line = (struct view){line.at + 3, line.len - 3};
        say_fault (file, 1, "line", line,
                   "a byte order mark stands before it: save the file as UTF-8 without one");
    }
    if (line.len && line.at[line.len - 1] == '\r') {
        line.len--;
        if (!file->has_crlf)
            say_fault (file, file->line, "line", line,
                       "it ends with CR LF: save the file with LF line ends (sed -i 's/\\r$//')");
        file->has_crlf = true;
    }
    return line;
}

/* The first line that is no comment.  True if it is meant as the header, right or not. */
static bool is_header (struct principal_file *file, struct view line)
{
    file->headed = true;
    if (view_is (line, HEADER))
        return true;
    say_fault (file, file->line, "line", line, "the header line must come first: " SHAPE);
    return line.len > 4 && memcmp (line.at, "name", 4) == 0 && strchr ("\t ,;", line.at[4]);
}

static void read_principals (PGconn *db, struct principal_file *file)
{
    FILE *stream = open_file (db, file->path);
    char *text = NULL;
    size_t room = 0;
    ssize_t len;
    while ((len = getline (&text, &room, stream)) > 0) {
        struct view line = {text, (size_t) len - (text[len - 1] == '\n' ? 1 : 0)};
        file->line++;
        line = without_marks (file, line);
        if (line.len == 0 || line.at[0] == '#')
            continue;
        if (file->headed || !is_header (file, line))
            take_line (file, line);
    }
    if (!file->headed)
        say_fault (file, file->line, "line", view_of (""), "the header line is missing: " SHAPE);
    free (text);
    fclose (stream);
}

/* What is seen only with all lines and the database at hand: line, column, value, remedy. */
#define PRINCIPAL_FAULTS                                                                                    \
    "select line, 'name', name, 'it stands in line ' || first || ' already' from (select line, name, "      \
    "min (line) over (partition by name) as first from new_principals where name is not null) d "           \
    "where first < line "                                                                                   \
    "union all select line, 'key', key, 'it stands in line ' || first || ' already: every name has a "      \
    "key of its own' from (select line, key, min (line) over (partition by key) as first from "             \
    "new_principals where key is not null) d where first < line "                                           \
    "union all select n.line, 'key', n.key, 'it is the key of ' || p.name || ' and stays so: a name "       \
    "is never changed; for a new one make a key with aduan keygen' from new_principals n "                  \
    "join principal p on p.key = n.key where p.name <> n.name "                                             \
    "union all select n.line, 'key', n.key, 'it is good still, of ' || p.name || ', until its rotation is " \
    "over' from new_principals n join principal p on p.old_key = n.key "                                    \
    "union all select n.line, 'agencies', c.code, 'the registry has no such code (aduan ask agency "        \
    "BEGINNING lists them)' from new_principals n, unnest (string_to_array (n.agencies, ',')) c (code) "    \
    "where not exists (select from agency a where a.code = c.code) order by 1, 2, 3"

static void check_principals (PGconn *db, struct principal_file *file)
{
    PGresult *found = run (db, "principals", PRINCIPAL_FAULTS);
    for (int row = 0; row < PQntuples (found); row++)
        say_fault (file, atoi (PQgetvalue (found, row, 0)), PQgetvalue (found, row, 1),
                   view_of (PQgetvalue (found, row, 2)), PQgetvalue (found, row, 3));
    PQclear (found);
    if (file->faults == 0)
        return;
    log_error (
        "%s: %d fault%s: nothing of it is in force and nothing has changed; mend and load it "
        "again",
        file->path, file->faults, file->faults == 1 ? "" : "s");
    give_up (db, EX_DATAERR);
}

/* ---- principals: the table ----------------------------------------------------------------- */

static const char *const principal_steps[] = {
    "insert into principal (name, role, key, rights, revoked_at) "
    "select n.name, case n.role when 'adapter' then 1 when 'worker' then 2 when 'front' then 3 end, n.key, coalesce (n.rights, '-'), "
    "case when n.state = 'revoked' then now () end from new_principals n "
    "where not exists (select from principal p where p.name = n.name)",

    "update principal p set role = r.role, key = n.key, rights = coalesce (n.rights, '-'), "
    "revoked_at = case when n.state = 'revoked' then coalesce (p.revoked_at, now ()) end from new_principals n "
    "join (values ('adapter', 1), ('worker', 2), ('front', 3)) r (word, role) on r.word = n.role "
    "where p.name = n.name and (p.role, p.key, p.rights, p.revoked_at is null) is distinct from "
    "(r.role, n.key, coalesce (n.rights, '-'), n.state = 'active')",

    "create temp table new_pairs on commit drop as select p.principal_id, a.agency_id from new_principals n "
    "join principal p on p.name = n.name cross join lateral unnest (string_to_array (n.agencies, ',')) c (code) "
    "join agency a on a.code = c.code",

    "insert into principal_agency select distinct * from new_pairs n where not exists (select from principal_agency o "
    "where (o.principal_id, o.agency_id) = (n.principal_id, n.agency_id))",

    "delete from principal_agency o using principal p, new_principals n where p.principal_id = o.principal_id and n.name = p.name "
    "and not exists (select from new_pairs w where (w.principal_id, w.agency_id) = (o.principal_id, o.agency_id))",
};

/* Rows that common/daemon/principal.c leaves out, from the time when this program let them in: the
 * name of some of them cannot be written into the file, so that nobody else could end them. */
#define REVOKE_STRANGE                                                                                             \
    "update principal set revoked_at = now () where revoked_at is null and role < 4 and not (octet_length (name) " \
    "between 1 and 64 and name !~ '[\\t\\n]' and rights !~ '[\\t\\n]' and "                                        \
    "key ~ '^[-0-9a-zA-Z.:+=^!/*?&<>()\\[\\]{}@%$#]{40}$') returning name, key"

/* A line that was taken out revokes nothing: a file that is damaged or cut must lock nobody out. */
#define NOT_IN_FILE                                                                                      \
    "select p.name, case p.role when 1 then 'adapter' when 2 then 'worker' else 'front' end, p.key "     \
    "from principal p where p.revoked_at is null and p.role < 4 and p.agency_id is null and not exists " \
    "(select from new_principals n where n.name = p.name) order by p.name"

static void revoke_strange (PGconn *db)
{
    PGresult *found = run (db, "principals", REVOKE_STRANGE);
    for (int row = 0; row < PQntuples (found); row++) {
        const char *name = PQgetvalue (found, row, 0), *key = PQgetvalue (found, row, 1);
        log_warning ("\"%s\" with the key \"%s\" is in the database, not well-formed, and enters "
                     "nowhere: now it is revoked",
                     log_text (name, strlen (name)), log_text (key, strlen (key)));
    }
    PQclear (found);
}

static void warn_of_absent (PGconn *db, const char *path)
{
    PGresult *found = run (db, "principals", NOT_IN_FILE);
    for (int row = 0; row < PQntuples (found); row++)
        log_warning ("%s is not in %s and stays active; to end it, write its line with state "
                     "revoked (%s, key %s)",
                     PQgetvalue (found, row, 0), path, PQgetvalue (found, row, 1),
                     PQgetvalue (found, row, 2));
    PQclear (found);
}

/* Lines about keys that people have changed since, or about a person. */
#define NOT_THE_FILES                                                                              \
    "delete from new_principals n using principal p where p.name = n.name "                        \
    "and (p.agency_id is not null or p.role = 4) returning n.line, n.name"

static void leave_to_people (PGconn *db, const char *path)
{
    PGresult *found = run (db, "principals", NOT_THE_FILES);
    for (int row = 0; row < PQntuples (found); row++)
        log_warning (
            "%s, line %s: %s is administered by people (aduan admin keys): the line is passed over",
            path, PQgetvalue (found, row, 0), PQgetvalue (found, row, 1));
    PQclear (found);
}

/* Into a table of their own, looked at, and only then into force. */
static void stage_principals (PGconn *db, const char *path)
{
    struct principal_file file = {.path = path};
    run_quietly (db, "principals",
                 "create temp table new_principals (line int, name text, role text, key text, "
                 "rights text, agencies text, state text) on commit drop");
    read_principals (db, &file);
    copy_begin (db, path, "new_principals");
    if (file.rows.len)
        PQputCopyData (db, file.rows.at, (int) file.rows.len);
    copy_end (db, path);
    buffer_free (&file.rows);
    check_principals (db, &file);
    leave_to_people (db, path);
}

/* One load raises the version once, and only if something is different. */
static bool change_principals (PGconn *db)
{
    run_quietly (db, "principals", "alter table principal disable trigger principal_changed");
    run_quietly (db, "principals",
                 "alter table principal_agency disable trigger principal_agency_changed");
    PGresult *old = run (db, "principals", "select md5 (snapshot_principals ())");
    for (size_t i = 0; i < array_len (principal_steps); i++)
        run_quietly (db, "principals", principal_steps[i]);
    revoke_strange (db);
    PGresult *new = run (db, "principals", "select md5 (snapshot_principals ())");
    bool changed = strcmp (PQgetvalue (old, 0, 0), PQgetvalue (new, 0, 0)) != 0;
    if (changed)
        run_quietly (db, "principals", "update snapshot set version = version + 1 where kind = 1");
    run_quietly (db, "principals", "alter table principal enable trigger principal_changed");
    run_quietly (db, "principals",
                 "alter table principal_agency enable trigger principal_agency_changed");
    PQclear (old);
    PQclear (new);
    return changed;
}

static int load_principals (PGconn *db, int unused, char **arguments)
{
    (void) unused;
    const char *path = arguments[0];
    stage_principals (db, path);
    bool changed = change_principals (db);
    warn_of_absent (db, path);
    log_info ("principals: %ld active keys, %s",
              run_number (db, "principals",
                          "select count (*) from principal where revoked_at is null and role < 4"),
              changed ? "a new version" : "as they were");
    return 0;
}

/* ---- main ---------------------------------------------------------------------------------- */

static const struct {
    const char *word, *usage;
    int least, most; /* arguments */
    int (*run) (PGconn *db, int count, char **arguments);
} commands[] = {
    {"schema", "", 0, 0, load_schema},
    {"registry", " FOLDER", 1, 1, load_registry},
    {"principals", " FILE", 1, 1, load_principals},
    {"calendar", " FILE [--note TEXT] [--shipped] | --version N | --show N", 1, 4, load_calendar},
    {"limits", " FILE [--note TEXT] [--starts DAY] | --show N", 1, 5, load_limits},
    {"invite", " LOGIN NAME [ROLE]", 2, 3, invite},
    {"rules", " FILE [--note TEXT] | --version N | --show N", 1, 3, load_rules},
    {"model", " FILE [--name NAME] [--report FILE] | --version N | --show N", 1, 5, load_model},
};

static int usage (void)
{
    for (size_t i = 0; i < array_len (commands); i++)
        fprintf (stderr, "%s aduan-migrate [-d CONNINFO] %s%s\n",
                 i ? "      " : "usage:", commands[i].word, commands[i].usage);
    return EX_USAGE;
}

static void notice (void *unused, const char *text)
{
    (void) unused;
    log_debug ("%s", text);
}

static int run_command (const char *conninfo, size_t command, int count, char **arguments)
{
    PGconn *db = PQconnectdb (conninfo);
    if (PQstatus (db) != CONNECTION_OK) {
        log_error ("PostgreSQL: %s", PQerrorMessage (db));
        PQfinish (db);
        return EX_UNAVAILABLE;
    }
    PQsetNoticeProcessor (db, notice, NULL);
    run_quietly (db, "lock", LOCK);
    run_quietly (db, "begin", "set lock_timeout = '10s'");
    run_quietly (db, "begin", "begin");
    int status = commands[command].run (db, count, arguments);
    run_quietly (db, "commit", "commit");
    PQfinish (db);
    return status;
}

int main (int argc, char **argv)
{
    const char *conninfo = "host=/run/aduan/pg dbname=aduan user=aduan_migrate";
    int option;
    log_open ("migrate", LOG_INFO);
    while ((option = getopt (argc, argv, "+d:h")) != -1) {
        if (option != 'd')
            return usage ();
        conninfo = optarg;
    }
    int count = argc - optind - 1;
    for (size_t i = 0; i < array_len (commands) && count >= 0; i++)
        if (strcmp (argv[optind], commands[i].word) == 0 && count >= commands[i].least &&
            count <= commands[i].most)
            return run_command (conninfo, i, count, argv + optind + 1);
    return usage ();
}
