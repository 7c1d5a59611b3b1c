/* stream.c - rows of a cursor, one after the other, and their canonical bytes.
 *
 * The canonical form of a row is that of PostgreSQL's binary records: the number of columns, then of each its type's
 * number, its length (-1: null) and its bytes as the server sends them, all numbers with four bytes, most significant
 * first.
 */
#include "audit.h"

#include <arpa/inet.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define ROWS "1000"

static _Noreturn void give_up (struct audit *audit, const char *what)
{
    fprintf (stderr, "aduan-audit: %s: %s", what, PQerrorMessage (audit->db));
    PQfinish (audit->db);
    exit (EX_UNAVAILABLE);
}

static PGresult *checked (struct audit *audit, const char *what, PGresult *result)
{
    ExecStatusType status = PQresultStatus (result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        give_up (audit, what);
    return result;
}

void audit_connect (struct audit *audit)
{
    audit->db = PQconnectdb (audit->conninfo);
    if (PQstatus (audit->db) != CONNECTION_OK)
        give_up (audit, "the database cannot be reached");
    PQclear (checked (
        audit, "begin",
        PQexec (audit->db, "begin transaction isolation level repeatable read, read only")));
    /* all rows will be read: what gives the first one soonest is no gain */
    PQclear (checked (audit, "set", PQexec (audit->db, "set local cursor_tuple_fraction = 1")));
    PQclear (checked (audit, "set", PQexec (audit->db, "set local statement_timeout = 0")));
    PQclear (checked (audit, "set", PQexec (audit->db, "set local timezone = 'UTC'")));
}

PGresult *audit_query (struct audit *audit, const char *query, int count, const char *const *values)
{
    return checked (audit, "a query failed",
                    PQexecParams (audit->db, query, count, NULL, values, NULL, NULL, 0));
}

void stream_open (struct stream *stream, struct audit *audit, const char *name, const char *query)
{
    char *text = xformat ("declare %s binary no scroll cursor for %s", name, query);
    *stream = (struct stream){.audit = audit, .name = name};
    PQclear (checked (audit, name, PQexec (audit->db, text)));
    free (text);
}

bool stream_next (struct stream *stream)
{
    if (stream->over)
        return false;
    if (++stream->at < stream->count)
        return true;
    char *text = xformat ("fetch " ROWS " from %s", stream->name);
    PQclear (stream->rows);
    stream->rows = checked (stream->audit, stream->name,
                            PQexecParams (stream->audit->db, text, 0, NULL, NULL, NULL, NULL, 1));
    free (text);
    stream->at = 0;
    stream->count = PQntuples (stream->rows);
    stream->over = stream->count == 0;
    return !stream->over;
}

void stream_close (struct stream *stream)
{
    char *text = xformat ("close %s", stream->name);
    PQclear (stream->rows);
    stream->rows = NULL;
    PQclear (checked (stream->audit, stream->name, PQexec (stream->audit->db, text)));
    free (text);
}

struct view stream_view (const struct stream *stream, int column)
{
    if (PQgetisnull (stream->rows, stream->at, column))
        return (struct view){0};
    return (struct view){PQgetvalue (stream->rows, stream->at, column),
                         (size_t) PQgetlength (stream->rows, stream->at, column)};
}

int64_t stream_int (const struct stream *stream, int column)
{
    struct view view = stream_view (stream, column);
    int64_t number = 0;
    if (view.len)
        number = (int8_t) view.at[0];
    for (size_t i = 1; i < view.len; i++)
        number = (int64_t) ((uint64_t) number << 8 | (uint8_t) view.at[i]);
    return number;
}

static void add_int4 (struct buffer *out, uint32_t number)
{
    uint32_t big = htonl (number);
    buffer_add (out, &big, sizeof big);
}

void stream_canonical (const struct stream *stream, int first, int count, struct buffer *out)
{
    add_int4 (out, (uint32_t) count);
    for (int column = first; column < first + count; column++) {
        add_int4 (out, PQftype (stream->rows, column));
        if (PQgetisnull (stream->rows, stream->at, column)) {
            add_int4 (out, UINT32_MAX);
            continue;
        }
        struct view view = stream_view (stream, column);
        add_int4 (out, (uint32_t) view.len);
        buffer_add (out, view.at, view.len);
    }
}
