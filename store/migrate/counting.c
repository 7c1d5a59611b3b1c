/* counting.c - what calendar and limits share: each load that says something new is a version, and old ones stay. */
#include "migrate.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* ---- the command line ------------------------------------------------------------------------ */

_Noreturn void unclear (PGconn *db, const char *what, const char *value, const char *remedy)
{
    log_error ("%s: \"%s\": %s", what, log_text (value, strlen (value)), remedy);
    give_up (db, EX_USAGE);
}

static int64_t number_of (PGconn *db, const char *what, const char *text)
{
    char *end;
    int64_t number = strtoll (text, &end, 10);
    if (*end || end == text || number < 0 || number > INT32_MAX)
        unclear (db, what, text, "a version is a number");
    return number;
}

static void read_option (PGconn *db, const char *what, const char *word, const char *value,
                         struct wish *ret)
{
    if (!value)
        unclear (db, what, word, "it wants a value");
    if (strcmp (word, "--note") == 0)
        ret->note = value;
    else if (strcmp (word, "--starts") == 0)
        ret->starts = value;
    else if (strcmp (word, "--version") == 0)
        ret->version = number_of (db, what, value);
    else if (strcmp (word, "--show") == 0)
        ret->show = number_of (db, what, value);
    else
        unclear (db, what, word, "there is no such option");
}

struct wish read_wish (PGconn *db, const char *what, int count, char **arguments)
{
    struct wish wish = {.version = -1, .show = -1};
    for (int i = 0; i < count; i++) {
        const char *word = arguments[i];
        if (strcmp (word, "--shipped") == 0)
            wish.shipped = true;
        else if (word[0] != '-' && !wish.file)
            wish.file = word;
        else {
            read_option (db, what, word, i + 1 < count ? arguments[i + 1] : NULL, &wish);
            i++;
        }
    }
    if (!!wish.file + (wish.version >= 0) + (wish.show >= 0) != 1)
        unclear (db, what, wish.file ? wish.file : "",
                 "say a file, --version or --show, and only one");
    return wish;
}

/* ---- versions -------------------------------------------------------------------------------- */

void show_version (PGconn *db, const char *what, enum statement text_of, int64_t version)
{
    char room[24];
    struct view value = digits_of (version, room);
    PGresult *found = run_with (db, what, text_of, &value);
    const char *text = PQgetvalue (found, 0, 0);
    bool there = strchr (text, '\n');
    bool written = there && fputs (text, stdout) >= 0 && fflush (stdout) == 0;
    PQclear (found);
    if (!there)
        log_error ("%s: there is no version %" PRId64, what, version);
    else if (!written)
        log_error ("%s: version %" PRId64 " cannot be written", what, version);
    if (!written)
        give_up (db, there ? EX_IOERR : EX_DATAERR);
}

void count_anew (PGconn *db, const char *what)
{
    log_info ("%s: %ld open complaints are counted anew by the store", what,
              run_number (db, what, SQL_recompute_all));
}
