/* record.h - a file of complaints, a record at a time: JSON lines, or CSV with a header line.
 *
 * A record that is broken comes as a record with a fault and its raw bytes, so that the caller can
 * keep what could not be read; the reader then goes on with the next line: of a broken record of
 * several lines only the first is the record, the others are read as lines of their own.
 */
#ifndef ADUAN_RECORD_H
#define ADUAN_RECORD_H

#include <jansson.h>
#include <stdio.h>
#include "base/base.h"

#define RECORD_MAX (8 << 20) /* bytes of one record */

enum record_format { RECORD_GUESS, RECORD_JSON, RECORD_CSV };

struct reader;

struct record {
    uint64_t line;     /* where it begins, from 1 */
    int64_t end;       /* byte offset behind it */
    uint64_t end_line; /* the line that begins there */
    struct view raw;   /* without its line end; lives until the next record */
    const char *fault; /* English; NULL: whole */
    bool unfinished;   /* faulty, JSON, and no line end follows: perhaps still being written */
    /* the rest is record.c's */
    json_t *json;
    const struct reader *reader;
    struct view *cells;
    size_t cell_count;
    struct buffer *kept; /* texts made of numbers */
};

/* Of a table that has other lines above its headings, and headings that are written in more than one way. */
struct headings {
    const char *known; /* stands among them, and in no line above */
    bool (*same) (struct view said, const char *name);
};
/* As reader_open of a CSV whose headings are such. */
int reader_open_table (FILE *file, const struct headings *headings, char delimiter,
                       struct reader **ret, const char **ret_problem);
/* Takes `file` for reading; its name helps to guess the format.  0, or FAIL_MALFORMED with
 * *ret_problem (static, English) where a CSV has no header. */
int reader_open (FILE *file, const char *name, enum record_format format, char delimiter,
                 struct reader **ret, const char **ret_problem);
/* Goes on behind `offset`, where line `line` begins.  0 or FAIL_IO. */
int reader_seek (struct reader *reader, int64_t offset, uint64_t line);
/* The next record, or false at the end.  *ret_failed: the file could not be read. */
bool reader_next (struct reader *reader, struct record *ret, bool *ret_failed);
/* What was said or guessed at opening. */
enum record_format reader_format (const struct reader *reader);
/* Does the header have it?  Always true for JSON. */
bool reader_has (const struct reader *reader, const char *name);
void reader_close (struct reader **reader);

/* The value of a field; of JSON also "outer.inner".  False where it is absent, null, or no plain
 * value.  Lives until the next record. */
bool record_value (struct record *record, const char *name, struct view *ret);
/* False where JSON has a list or an object there. */
bool record_is_plain (const struct record *record, const char *name);
/* The value of a JSON record as it stands there, the record's; NULL where it is absent. */
json_t *record_json (const struct record *record, const char *name);
void record_done (struct record *record);

#endif
