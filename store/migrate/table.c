/* table.c - a tab-separated file, line by line, and rows into a temporary table by COPY. */
#include "migrate.h"
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* ---- the file ------------------------------------------------------------------------------- */

void lines_open (PGconn *db, const char *path, struct lines *ret)
{
    *ret = (struct lines){.stream = fopen (path, "r")};
    if (!ret->stream) {
        log_error ("%s: cannot be read: %s", path, strerror (errno));
        give_up (db, EX_NOINPUT);
    }
}

bool lines_next (struct lines *lines, struct view *ret)
{
    ssize_t len = getline (&lines->text, &lines->room, lines->stream);
    if (len <= 0) {
        free (lines->text);
        fclose (lines->stream);
        return false;
    }
    lines->number++;
    *ret = (struct view){lines->text, (size_t) len - (lines->text[len - 1] == '\n')};
    return true;
}

bool line_idle (struct view line)
{
    return line.len == 0 || line.at[0] == '#';
}

size_t line_fields (struct view line)
{
    size_t fields = 1;
    for (size_t i = 0; i < line.len; i++)
        fields += line.at[i] == '\t';
    return fields;
}

const char *last_name (const char *path)
{
    const char *slash = strrchr (path, '/');
    return slash ? slash + 1 : path;
}

/* ---- rows ----------------------------------------------------------------------------------- */

void copy_begin (PGconn *db, const char *path, const char *table)
{
    char *copy = xformat ("copy %s from stdin with (format text, null '-')", table);
    run_text (db, path, copy);
    free (copy);
}

void copy_bytes (PGconn *db, struct view bytes)
{
    PQputCopyData (db, bytes.at, (int) bytes.len);
}

void copy_format (PGconn *db, const char *format, ...)
{
    char *row = NULL;
    va_list arguments;
    va_start (arguments, format);
    int len = vasprintf (&row, format, arguments);
    va_end (arguments);
    check (len >= 0);
    PQputCopyData (db, row, len);
    free (row);
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
