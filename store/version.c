/* version.c - rules and model: each load that says something new is a version, kept for ever; the newest is
 * in force.  To go back is a version, too: the old bytes again, under a number of their own. */
#include "migrate.h"
#include "base/log.h"
#include "decide/model.h"
#include "decide/rules.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define MODEL_MOST  (32u << 20)
#define REPORT_MOST (1u << 20)

/* What two kinds of version differ in. */
struct versioned {
    const char *word, *table, *body; /* command; table; the column with the bytes */
    const char *list;                /* the query that lists them */
    unsigned snapshot;               /* enum snapshot */
    const char *insert;              /* $1 bytes  $2 note or name  $3 report */
    const char *again;               /* $1 the version to come back */
    size_t most;
};

static const struct versioned rules = {
    "rules",
    "rules_version",
    "text",
    "rules",
    3,
    "insert into rules_version (version, text, digest, note) "
    "select (select coalesce (max (version), 0) + 1 from rules_version), convert_from ($1::bytea, 'UTF8'), "
    "sha256 ($1::bytea), $2::text where $3::text is null returning version",
    "insert into rules_version (version, text, digest, note) "
    "select (select max (version) + 1 from rules_version), text, digest, 'version ' || version || ' again' "
    "from rules_version where version = $1::bigint returning version",
    RULES_BYTES_MOST};

static const struct versioned model = {
    "model",
    "model_version",
    "body",
    "models",
    4,
    "insert into model_version (version, body, digest, name, report) "
    "select (select coalesce (max (version), 0) + 1 from model_version), $1::bytea, sha256 ($1::bytea), "
    "$2::text, $3::text returning version",
    "insert into model_version (version, body, digest, name, report) "
    "select (select max (version) + 1 from model_version), body, digest, name, 'version ' || version || ' again' "
    "from model_version where version = $1::bigint returning version",
    MODEL_MOST};

/* ---- the command line ------------------------------------------------------------------------ */

struct wish {
    const char *file, *note, *report;
    int64_t version; /* 0: a file is loaded */
    bool show;
};

static int64_t number_of (const char *text)
{
    char *end;
    int64_t number = strtoll (text, &end, 10);
    return *end || number < 1 ? 0 : number;
}

static bool read_wish (const struct versioned *kind, int count, char **arguments, struct wish *ret)
{
    const char *note = kind == &rules ? "--note" : "--name";
    for (int i = 0; i < count; i++) {
        const char *word = arguments[i], *value = i + 1 < count ? arguments[i + 1] : NULL;
        if (word[0] != '-' && !ret->file) {
            ret->file = word;
            continue;
        }
        i++;
        if (!value)
            return false;
        if (strcmp (word, note) == 0)
            ret->note = value;
        else if (strcmp (word, "--report") == 0 && kind == &model)
            ret->report = value;
        else if (strcmp (word, "--version") == 0 || strcmp (word, "--show") == 0) {
            ret->show = strcmp (word, "--show") == 0;
            ret->version = number_of (value);
            if (!ret->version)
                log_error ("%s \"%s\": a version is a number (`aduan ask %s` lists them)", word,
                           log_text (value, strlen (value)), kind->list);
        } else
            return false;
    }
    return !ret->file != !ret->version && (ret->file || (!ret->note && !ret->report));
}

static _Noreturn void no_version (PGconn *db, const struct versioned *kind, int64_t version)
{
    log_error ("%s: there is no version %" PRId64 " (`aduan ask %s` lists them)", kind->word,
               version, kind->list);
    give_up (db, EX_DATAERR);
}

/* ---- versions -------------------------------------------------------------------------------- */

PGresult *run_with (PGconn *db, const char *what, const char *sql, int count,
                    const struct view *values)
{
    const char *at[3];
    int len[3], format[3];
    for (int i = 0; i < count; i++) {
        at[i] = values[i].at;
        len[i] = (int) values[i].len;
        format[i] = 1;
    }
    return run_checked (db, what, PQexecParams (db, sql, count, NULL, at, len, format, 0));
}

static struct view big_endian (int64_t number, uint8_t room[8])
{
    for (int i = 0; i < 8; i++)
        room[i] = (uint8_t) ((uint64_t) number >> (56 - 8 * i));
    return (struct view){(const char *) room, 8};
}

/* The row that was inserted is in force with this transaction. */
static void put_in_force (PGconn *db, const struct versioned *kind, PGresult *inserted)
{
    char *raise = xformat ("update snapshot set version = %s where kind = %u",
                           PQgetvalue (inserted, 0, 0), kind->snapshot);
    PQclear (run (db, kind->word, raise));
    log_info ("%s: version %s is in force", kind->word, PQgetvalue (inserted, 0, 0));
    free (raise);
    PQclear (inserted);
}

static bool is_newest (PGconn *db, const struct versioned *kind, const char *digest,
                       const struct view *value)
{
    char *sql = xformat ("select version, digest = (%s) from %s order by version desc limit 1",
                         digest, kind->table);
    PGresult *found = run_with (db, kind->word, sql, 1, value);
    bool newest = PQntuples (found) == 1 && *PQgetvalue (found, 0, 1) == 't';
    if (newest)
        log_info ("%s: as they were: version %s", kind->word, PQgetvalue (found, 0, 0));
    PQclear (found);
    free (sql);
    return newest;
}

/* Its bytes; the caller clears the result. */
static PGresult *find_version (PGconn *db, const struct versioned *kind, int64_t version)
{
    char *sql =
        xformat ("select %s from %s where version = %" PRId64, kind->body, kind->table, version);
    PGresult *found =
        run_checked (db, kind->word, PQexecParams (db, sql, 0, NULL, NULL, NULL, NULL, 1));
    free (sql);
    if (PQntuples (found) == 0)
        no_version (db, kind, version);
    return found;
}

static void show (PGconn *db, const struct versioned *kind, int64_t version)
{
    PGresult *found = find_version (db, kind, version);
    size_t len = (size_t) PQgetlength (found, 0, 0);
    bool whole = fwrite (PQgetvalue (found, 0, 0), 1, len, stdout) == len && fflush (stdout) == 0;
    if (!whole)
        log_error ("%s: version %" PRId64 " cannot be written: %s", kind->word, version,
                   strerror (errno));
    PQclear (found);
    if (!whole)
        give_up (db, EX_IOERR);
}

/* ---- files ----------------------------------------------------------------------------------- */

static struct view read_file (PGconn *db, const char *path, size_t most)
{
    char *at = NULL;
    size_t len = 0;
    int result = file_read (path, most, &at, &len);
    if (result != 0) {
        log_error ("%s: cannot be read (at most %zu MiB): %s", path, most >> 20,
                   fail_text (result));
        give_up (db, EX_NOINPUT);
    }
    return (struct view){at, len};
}

struct registry *registry_published (PGconn *db)
{
    PGresult *result = run (db, "registry", "select snapshot_registry ()");
    struct registry *registry = NULL;
    if (registry_parse (0, PQgetvalue (result, 0, 0), (size_t) PQgetlength (result, 0, 0),
                        &registry) != 0)
        give_up (db, EX_DATAERR);
    PQclear (result);
    return registry;
}

typedef int rules_reader (const struct registry *registry, const char *at, size_t len,
                          struct rules **ret, struct sheet_fault **ret_faults,
                          size_t *ret_fault_count);

/* Faulty rules must not come into the database at all: a router that starts anew would have none. */
static void check_rules (PGconn *db, const char *path, struct view text, rules_reader *read)
{
    struct registry *registry = registry_published (db);
    struct rules *rules_read = NULL;
    struct sheet_fault *faults = NULL;
    size_t count = 0;
    int result = read (registry, text.at, text.len, &rules_read, &faults, &count);
    for (size_t i = 0; i < count; i++)
        log_line (faults[i].warning ? LOG_WARNING : LOG_ERROR, "%s:%u: %s", path, faults[i].line,
                  faults[i].text);
    free (faults);
    rules_free (&rules_read);
    registry_destroy (&registry);
    if (result != 0)
        give_up (db, EX_DATAERR);
}

static void check_model (PGconn *db, const char *path, struct view body)
{
    struct model *read = NULL;
    if (model_parse (body.at, body.len, &read) != 0) {
        log_error ("%s: not a model that `aduan rules learn` of this version made", path);
        give_up (db, EX_DATAERR);
    }
    model_free (&read);
}

static const char *last_name (const char *path)
{
    const char *slash = strrchr (path, '/');
    return slash ? slash + 1 : path;
}

static void load_file (PGconn *db, const struct versioned *kind, const struct wish *wish)
{
    const char *note = wish->note || kind == &rules ? wish->note : last_name (wish->file);
    struct view values[] = {
        read_file (db, wish->file, kind->most), note ? view_of (note) : (struct view){0},
        wish->report ? read_file (db, wish->report, REPORT_MOST) : (struct view){0}};
    if (kind == &rules)
        check_rules (db, wish->file, values[0], rules_parse);
    else
        check_model (db, wish->file, values[0]);
    if (!is_newest (db, kind, "select sha256 ($1::bytea)", &values[0]))
        put_in_force (db, kind, run_with (db, kind->word, kind->insert, 3, values));
    free ((char *) values[0].at);
    free ((char *) values[2].at);
}

/* ---- going back ------------------------------------------------------------------------------ */

/* What was good once may name what is not there any more: that is left out, as routers do.  What cannot be read
 * at all stays where it is. */
static void check_version (PGconn *db, const struct versioned *kind, int64_t version)
{
    PGresult *found = find_version (db, kind, version);
    char *name = xformat ("%s, version %" PRId64, kind->word, version);
    struct view bytes = {PQgetvalue (found, 0, 0), (size_t) PQgetlength (found, 0, 0)};
    if (kind == &rules)
        check_rules (db, name, bytes, rules_read_again);
    else
        check_model (db, name, bytes);
    PQclear (found);
    free (name);
}

static void go_back (PGconn *db, const struct versioned *kind, int64_t version)
{
    uint8_t room[8];
    struct view value = big_endian (version, room);
    char *digest = xformat ("select digest from %s where version = $1::bigint", kind->table);
    bool newest = is_newest (db, kind, digest, &value);
    free (digest);
    if (newest)
        return;
    check_version (db, kind, version);
    put_in_force (db, kind, run_with (db, kind->word, kind->again, 1, &value));
}

static int load_version (PGconn *db, const struct versioned *kind, int count, char **arguments)
{
    struct wish wish = {0};
    if (!read_wish (kind, count, arguments, &wish)) {
        log_error ("aduan-migrate %s: what is to be loaded is not clear", kind->word);
        give_up (db, EX_USAGE);
    }
    if (wish.show)
        show (db, kind, wish.version);
    else if (wish.version)
        go_back (db, kind, wish.version);
    else
        load_file (db, kind, &wish);
    return 0;
}

int load_rules (PGconn *db, int count, char **arguments)
{
    return load_version (db, &rules, count, arguments);
}

int load_model (PGconn *db, int count, char **arguments)
{
    return load_version (db, &model, count, arguments);
}
