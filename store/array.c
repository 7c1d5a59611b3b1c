/* array.c - PostgreSQL's binary forms (src/backend/utils/adt/arrayfuncs.c, array_recv): dimensions,
 * null flag, element type, then one dimension's length and lower bound, then length and bytes each. */
#include "array.h"

#include <endian.h>
#include <string.h>

#define EPOCH_2000_MS INT64_C (946684800000) /* timestamptz counts µs from 2000 */

/* What is no time of ours becomes the last one: the wire's numbers reach further than µs do. */
static int64_t micros (int64_t ms)
{
    return ((ms > ARRAY_TIME_MOST ? ARRAY_TIME_MOST : ms) - EPOCH_2000_MS) * 1000;
}

static void put4 (void *at, uint32_t number)
{
    number = htobe32 (number);
    memcpy (at, &number, sizeof number);
}

static void put8 (void *at, uint64_t number)
{
    number = htobe64 (number);
    memcpy (at, &number, sizeof number);
}

/* Its last `bytes` bytes; what is written behind them is written over by what follows. */
static void add_number (struct array *array, int64_t number, unsigned bytes)
{
    char *at = buffer_room (&array->bytes, 4 + sizeof number);
    put4 (at, bytes);
    put8 (at + 4, (uint64_t) number << (64 - 8 * bytes));
    array->bytes.len += 4 + bytes;
    array->count++;
}

void array_begin (struct array *array, uint32_t element_oid)
{
    buffer_clear (&array->bytes);
    char *at = buffer_room (&array->bytes, 20);
    put4 (at, 1);
    put4 (at + 4, 0);
    put4 (at + 8, element_oid);
    put4 (at + 12, 0);
    put4 (at + 16, 1);
    array->bytes.len = 20;
    array->count = array->nulls = 0;
}

void array_null (struct array *array)
{
    put4 (buffer_room (&array->bytes, 4), UINT32_MAX);
    array->bytes.len += 4;
    array->count++;
    array->nulls++;
}

void array_bytes (struct array *array, const void *bytes, size_t len)
{
    char *at = buffer_room (&array->bytes, 4 + len);
    put4 (at, (uint32_t) len);
    if (len)
        memcpy (at + 4, bytes, len);
    array->bytes.len += 4 + len;
    array->count++;
}

void array_int2 (struct array *array, int64_t number)
{
    add_number (array, number, 2);
}

void array_int4 (struct array *array, int64_t number)
{
    add_number (array, number, 4);
}

void array_int8 (struct array *array, int64_t number)
{
    add_number (array, number, 8);
}

void array_time (struct array *array, int64_t ms)
{
    add_number (array, micros (ms), 8);
}

void array_bool (struct array *array, bool yes)
{
    add_number (array, yes, 1);
}

void array_view (struct array *array, struct view view)
{
    if (view.len)
        array_bytes (array, view.at, view.len);
    else
        array_null (array);
}

struct db_value array_end (struct array *array)
{
    if (array->count && array->nulls == array->count)
        return (struct db_value){0};
    put4 (array->bytes.at + 4, array->nulls > 0);
    put4 (array->bytes.at + 12, array->count);
    if (array->count == 0) /* an empty array has no dimension */
        put4 (array->bytes.at, 0);
    return (struct db_value){array->bytes.at, array->count ? array->bytes.len : 12, true};
}

void array_free (struct array *array)
{
    buffer_free (&array->bytes);
}

int64_t result_int (const PGresult *result, int row, int column)
{
    if (PQgetisnull (result, row, column))
        return 0;
    const uint8_t *at = (const uint8_t *) PQgetvalue (result, row, column);
    int len = PQgetlength (result, row, column);
    check (len == 2 || len == 4 || len == 8);
    uint64_t number = at[0] & 0x80 ? UINT64_MAX : 0;
    for (int i = 0; i < len; i++)
        number = number << 8 | at[i];
    return (int64_t) number;
}

int64_t result_ms (const PGresult *result, int row, int column)
{
    if (PQgetisnull (result, row, column))
        return 0;
    return result_int (result, row, column) / 1000 + EPOCH_2000_MS;
}

struct view result_view (const PGresult *result, int row, int column)
{
    if (PQgetisnull (result, row, column))
        return (struct view){NULL, 0};
    return (struct view){PQgetvalue (result, row, column),
                         (size_t) PQgetlength (result, row, column)};
}

bool result_bool (const PGresult *result, int row, int column)
{
    return !PQgetisnull (result, row, column) && PQgetvalue (result, row, column)[0] != 0;
}

struct id result_id (const PGresult *result, int row, int column)
{
    struct id id = {{0}};
    if (PQgetlength (result, row, column) == sizeof id)
        memcpy (&id, PQgetvalue (result, row, column), sizeof id);
    return id;
}

struct db_value value_int2 (uint8_t room[8], int64_t number)
{
    room[0] = (uint8_t) (number >> 8);
    room[1] = (uint8_t) number;
    return (struct db_value){(const char *) room, 2, true};
}

struct db_value value_int4 (uint8_t room[8], int64_t number)
{
    put4 (room, (uint32_t) number);
    return (struct db_value){(const char *) room, 4, true};
}

struct db_value value_int8 (uint8_t room[8], int64_t number)
{
    put8 (room, (uint64_t) number);
    return (struct db_value){(const char *) room, 8, true};
}

struct db_value value_time (uint8_t room[8], int64_t ms)
{
    return value_int8 (room, micros (ms));
}

struct db_value value_view (struct view view)
{
    return (struct db_value){view.len ? view.at : NULL, view.len, true};
}

struct db_value value_id (const struct id *id)
{
    return (struct db_value){(const char *) id->at, sizeof id->at, true};
}
