/* statement.c - statements of store/sql/migrate: migrate.h has what they give. */
#include "migrate.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sysexits.h>

#define PARAMETERS_MOST 5

static const struct {
    int parameters;
    const char *text;
} statements[] = {
#define SQL_STATEMENT(name, parameters, text) {parameters, text},
#include "migrate.inc"
#undef SQL_STATEMENT
};

_Noreturn void give_up (PGconn *db, int status)
{
    PQfinish (db); /* and with it the transaction */
    exit (status);
}

static PGresult *checked (PGconn *db, const char *what, PGresult *result)
{
    ExecStatusType status = PQresultStatus (result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN) {
        log_error ("%s: %s", what, PQerrorMessage (db));
        PQclear (result);
        give_up (db, EX_DATAERR);
    }
    return result;
}

void run_text (PGconn *db, const char *what, const char *sql)
{
    PQclear (checked (db, what, PQexec (db, sql)));
}

PGresult *run (PGconn *db, const char *what, enum statement which)
{
    check (statements[which].parameters == 0);
    return checked (db, what, PQexec (db, statements[which].text));
}

static PGresult *run_values (PGconn *db, const char *what, enum statement which,
                             const struct view *values, bool binary)
{
    const char *at[PARAMETERS_MOST];
    int len[PARAMETERS_MOST], format[PARAMETERS_MOST], count = statements[which].parameters;
    check (count <= PARAMETERS_MOST);
    for (int i = 0; i < count; i++) {
        at[i] = values[i].at;
        len[i] = (int) values[i].len;
        format[i] = 1;
    }
    return checked (
        db, what,
        PQexecParams (db, statements[which].text, count, NULL, at, len, format, binary ? 1 : 0));
}

PGresult *run_with (PGconn *db, const char *what, enum statement which, const struct view *values)
{
    return run_values (db, what, which, values, false);
}

PGresult *run_binary (PGconn *db, const char *what, enum statement which, const struct view *values)
{
    return run_values (db, what, which, values, true);
}

struct view digits_of (int64_t number, char room[24])
{
    snprintf (room, 24, "%" PRId64, number);
    return view_of (room);
}

void run_quietly (PGconn *db, const char *what, enum statement which)
{
    PQclear (run (db, what, which));
}

char *run_word (PGconn *db, const char *what, enum statement which)
{
    PGresult *result = run (db, what, which);
    char *word = xstrdup (PQntuples (result) ? PQgetvalue (result, 0, 0) : "");
    PQclear (result);
    return word;
}

long run_number (PGconn *db, const char *what, enum statement which)
{
    char *word = run_word (db, what, which);
    long number = strtol (word, NULL, 10);
    free (word);
    return number;
}
