/* version.c - rules and model: each load that says something new is a version, kept for ever; the newest is
 * in force.  To go back is a version, too: the old bytes again, under a number of their own. */
#include "migrate.h"
#include "base/log.h"
#include "decide/model.h"
#include "decide/registry.h"
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
    const char *word, *list; /* the command, and the query that lists them */
    enum statement newest, find, insert, again;
    size_t most;
};

static const struct versioned rules = {"rules",         "rules",          SQL_rules_newest,
                                       SQL_rules_find,  SQL_rules_insert, SQL_rules_again,
                                       RULES_BYTES_MOST};
static const struct versioned model = {"model",        "models",         SQL_model_newest,
                                       SQL_model_find, SQL_model_insert, SQL_model_again,
                                       MODEL_MOST};

/* ---- the command line ------------------------------------------------------------------------ */

struct wanted {
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

static bool read_wanted (const struct versioned *kind, int count, char **arguments,
                         struct wanted *ret)
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

/* What was inserted is in force with this transaction; takes the result. */
static void say_in_force (const struct versioned *kind, PGresult *inserted)
{
    log_info ("%s: version %s is in force", kind->word, PQgetvalue (inserted, 0, 0));
    PQclear (inserted);
}

/* Says so where it is. */
static bool is_newest (PGconn *db, const struct versioned *kind, struct view bytes)
{
    PGresult *found = run_with (db, kind->word, kind->newest, &bytes);
    bool newest = PQntuples (found) == 1 && *PQgetvalue (found, 0, 1) == 't';
    if (newest)
        log_info ("%s: as they were: version %s", kind->word, PQgetvalue (found, 0, 0));
    PQclear (found);
    return newest;
}

/* Its bytes, which are the result's; the caller clears it. */
static PGresult *find_version (PGconn *db, const struct versioned *kind, int64_t version,
                               struct view *ret_bytes)
{
    char room[24];
    struct view value = digits_of (version, room);
    PGresult *found = run_binary (db, kind->word, kind->find, &value);
    if (PQntuples (found) == 0) {
        PQclear (found);
        no_version (db, kind, version);
    }
    *ret_bytes = (struct view){PQgetvalue (found, 0, 0), (size_t) PQgetlength (found, 0, 0)};
    return found;
}

static void show (PGconn *db, const struct versioned *kind, int64_t version)
{
    struct view bytes;
    PGresult *found = find_version (db, kind, version, &bytes);
    bool whole = fwrite (bytes.at, 1, bytes.len, stdout) == bytes.len && fflush (stdout) == 0;
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

static void load_file (PGconn *db, const struct versioned *kind, const struct wanted *wanted)
{
    const char *note = wanted->note || kind == &rules ? wanted->note : last_name (wanted->file);
    struct view values[] = {
        read_file (db, wanted->file, kind->most), note ? view_of (note) : (struct view){0},
        wanted->report ? read_file (db, wanted->report, REPORT_MOST) : (struct view){0}};
    if (kind == &rules)
        check_rules (db, wanted->file, values[0], rules_parse);
    else
        check_model (db, wanted->file, values[0]);
    if (!is_newest (db, kind, values[0]))
        say_in_force (kind, run_with (db, kind->word, kind->insert, values));
    free ((char *) values[0].at);
    free ((char *) values[2].at);
}

/* ---- going back ------------------------------------------------------------------------------ */

/* What was good once may name what is not there any more: that is left out, as routers do.  What cannot be read
 * at all stays where it is. */
static void check_again (PGconn *db, const struct versioned *kind, int64_t version,
                         struct view bytes)
{
    char *name = xformat ("%s, version %" PRId64, kind->word, version);
    if (kind == &rules)
        check_rules (db, name, bytes, rules_read_again);
    else
        check_model (db, name, bytes);
    free (name);
}

static void go_back (PGconn *db, const struct versioned *kind, int64_t version)
{
    struct view bytes;
    PGresult *found = find_version (db, kind, version, &bytes);
    if (!is_newest (db, kind, bytes)) {
        char room[24];
        struct view value = digits_of (version, room);
        check_again (db, kind, version, bytes);
        say_in_force (kind, run_with (db, kind->word, kind->again, &value));
    }
    PQclear (found);
}

static int load_version (PGconn *db, const struct versioned *kind, int count, char **arguments)
{
    struct wanted wanted = {0};
    if (!read_wanted (kind, count, arguments, &wanted)) {
        log_error ("aduan-migrate %s: what is to be loaded is not clear", kind->word);
        give_up (db, EX_USAGE);
    }
    if (wanted.show)
        show (db, kind, wanted.version);
    else if (wanted.version)
        go_back (db, kind, wanted.version);
    else
        load_file (db, kind, &wanted);
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
