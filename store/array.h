/* array.h - an array parameter in PostgreSQL's binary form: one value for a whole batch's column.
 *
 * Built element by element, then handed to db_add as one binary value.  The memory is kept from
 * batch to batch.
 */
#ifndef ADUAN_ARRAY_H
#define ADUAN_ARRAY_H

#include "base/base.h"
#include "db/db.h"

/* Object ids of element types, from PostgreSQL's pg_type.dat; they never change. */
enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_TIMESTAMPTZ = 1184,
    OID_UUID = 2950
};

#define ARRAY_TIME_MOST INT64_C (253402300799999) /* ms; the last of the year 9999 */

struct array {
    struct buffer bytes;
    uint32_t count, nulls;
};

void array_begin (struct array *array, uint32_t element_oid);
void array_null (struct array *array);
void array_bytes (struct array *array, const void *at, size_t len); /* uuid, text, bytea */
void array_int2 (struct array *array, int64_t number);
void array_int4 (struct array *array, int64_t number);
void array_int8 (struct array *array, int64_t number);
void array_time (struct array *array, int64_t ms); /* ms since 1970 UTC */
void array_bool (struct array *array, bool yes);
/* An absent view (at NULL or empty) is null. */
void array_view (struct array *array, struct view view);
/* The parameter; borrowed until the array is begun again.  Where all are null it is null itself: beside
 * others unnest() makes nulls of it, for a fraction of the cost. */
struct db_value array_end (struct array *array);
void array_free (struct array *array);

/* Reading binary results. */
int64_t result_int (const PGresult *result, int row, int column); /* int2, int4, int8; null: 0 */
int64_t result_ms (const PGresult *result, int row, int column);  /* timestamptz; null: 0 */
struct view result_view (const PGresult *result, int row, int column);
bool result_bool (const PGresult *result, int row, int column);
struct id result_id (const PGresult *result, int row, int column);

/* One binary parameter of a scalar, in memory the caller lends (8 bytes). */
struct db_value value_int2 (uint8_t room[8], int64_t number);
struct db_value value_int4 (uint8_t room[8], int64_t number);
struct db_value value_int8 (uint8_t room[8], int64_t number);
struct db_value value_time (uint8_t room[8], int64_t ms);
struct db_value value_view (struct view view); /* bytea, text */
struct db_value value_id (const struct id *id);

#endif
