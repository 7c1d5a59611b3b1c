/* record.c - cuts a file into records and a record into values. */
#include "record.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct reader {
    FILE *file;
    enum record_format format;
    char delimiter;
    int64_t offset;      /* of the next byte */
    uint64_t line;       /* of the next byte */
    struct buffer raw;   /* the record as it stands in the file */
    struct buffer again; /* bytes to be read once more; see unread */
    size_t again_at;
    struct buffer text;   /* the cells' bytes, unquoted */
    struct buffer header; /* the names, a NUL behind each */
    size_t names;
    const struct headings *headings; /* NULL: the first line, as it stands */
    struct view *cells;
    size_t cell_room;
};

/* ---- bytes ----------------------------------------------------------------------------------- */

static int get (struct reader *reader)
{
    int byte = reader->again_at < reader->again.len
                   ? (unsigned char) reader->again.at[reader->again_at++]
                   : getc_unlocked (reader->file);
    if (byte == EOF)
        return EOF;
    reader->offset++;
    reader->line += byte == '\n';
    return byte;
}

/* Puts what stands in `raw` from `from` on back in front of what is to be read. */
static void unread (struct reader *reader, size_t from)
{
    struct buffer again = {0};
    size_t len = reader->raw.len - from;
    for (size_t i = from; i < reader->raw.len; i++)
        reader->line -= reader->raw.at[i] == '\n';
    reader->offset -= (int64_t) len;
    reader->raw.len = from;
    if (len <= reader->again_at && reader->again_at < reader->again.len) {
        reader->again_at -= len; /* they came from there: megabytes need not be moved for a line */
        return;
    }
    buffer_add (&again, reader->raw.at + from, len);
    buffer_add (&again, reader->again.at + reader->again_at, reader->again.len - reader->again_at);
    buffer_free (&reader->again);
    reader->again = again;
    reader->again_at = 0;
}

static void skip_line (struct reader *reader)
{
    int byte;
    do
        byte = get (reader);
    while (byte != EOF && byte != '\n');
}

#define DELIMITERS  ",;\t|"
#define LINES_ABOVE 50 /* of a table's headings, at most */

/* ---- cutting --------------------------------------------------------------------------------- */

enum cut { CUT_END, CUT_RECORD, CUT_LONG, CUT_QUOTE, CUT_BEHIND };

/* Where in a CSV record one is.  Cutting and splitting ask the same rule (RFC 4180), so that they
 * cannot disagree: a quote opens at a cell's beginning only; elsewhere it is a sign like others, as
 * in `pipe of 2" leaks`. */
enum place { CELL_BEGIN, CELL_PLAIN, CELL_QUOTED, CELL_CLOSED, CELL_RETURN, CELL_FAULT };

static bool is_delimiter (const struct reader *reader, char byte)
{
    if (reader->delimiter)
        return byte == reader->delimiter;
    return byte && strchr (DELIMITERS, byte); /* the header, from which it is to be guessed */
}

static enum place place_after (const struct reader *reader, enum place place, char byte)
{
    switch (place) {
    case CELL_BEGIN:
        if (byte == '"')
            return CELL_QUOTED;
        __attribute__ ((fallthrough));
    case CELL_PLAIN: return is_delimiter (reader, byte) ? CELL_BEGIN : CELL_PLAIN;
    case CELL_QUOTED: return byte == '"' ? CELL_CLOSED : CELL_QUOTED;
    case CELL_CLOSED:
        if (byte == '"') /* two stand for one */
            return CELL_QUOTED;
        __attribute__ ((fallthrough));
    case CELL_RETURN: /* of a line end */
        if (is_delimiter (reader, byte))
            return place == CELL_CLOSED ? CELL_BEGIN : CELL_FAULT;
        return byte == '\r' ? CELL_RETURN : CELL_FAULT;
    case CELL_FAULT: break;
    }
    return CELL_FAULT;
}

/* The bytes of the next record into reader->raw, its line end included. */
static enum cut cut_line (struct reader *reader)
{
    int byte;
    buffer_clear (&reader->raw);
    while ((byte = get (reader)) != EOF) {
        char one = (char) byte;
        buffer_add (&reader->raw, &one, 1);
        if (byte == '\n')
            return CUT_RECORD;
        if (reader->raw.len > RECORD_MAX) {
            skip_line (reader);
            return CUT_LONG;
        }
    }
    return reader->raw.len ? CUT_RECORD : CUT_END;
}

/* Of what is in `raw` only the first line is the record: the rest is read again.  A record that goes
 * wrong further down was most likely never one, and the lines behind it are other people's. */
static void keep_first_line (struct reader *reader)
{
    const char *line_end = memchr (reader->raw.at, '\n', reader->raw.len);
    if (line_end)
        unread (reader, (size_t) (line_end - reader->raw.at) + 1);
    else if (reader->raw.len > RECORD_MAX)
        skip_line (reader);
}

/* The same for CSV: a line end within quotes belongs to the record.  A quote that never ends would
 * swallow the rest of the file. */
static enum cut cut_csv (struct reader *reader)
{
    int byte;
    bool whole = false, several = false;
    enum place place = CELL_BEGIN;
    buffer_clear (&reader->raw);
    while (!whole && reader->raw.len <= RECORD_MAX && !(several && place == CELL_FAULT) &&
           (byte = get (reader)) != EOF) {
        char one = (char) byte;
        buffer_add (&reader->raw, &one, 1);
        whole = byte == '\n' && place != CELL_QUOTED;
        several = several || byte == '\n';
        if (!whole)
            place = place_after (reader, place, one);
    }
    enum cut cut = place == CELL_QUOTED             ? CUT_QUOTE
                   : reader->raw.len > RECORD_MAX   ? CUT_LONG
                   : several && place == CELL_FAULT ? CUT_BEHIND
                   : reader->raw.len                ? CUT_RECORD
                                                    : CUT_END;
    if (cut == CUT_QUOTE || cut == CUT_LONG || cut == CUT_BEHIND)
        keep_first_line (reader);
    return cut;
}

static struct view without_line_end (const struct buffer *raw)
{
    struct view view = {raw->at, raw->len};
    while (view.len && (view.at[view.len - 1] == '\n' || view.at[view.len - 1] == '\r'))
        view.len--;
    return view;
}

/* ---- cells ----------------------------------------------------------------------------------- */

static const char behind_quote[] = "there is more behind a closing quote";

/* Splits a CSV record; NULL, or what is wrong with it.  Cells are (offset, length) into reader->text
 * until all are there, because the buffer moves while it grows. */
static const char *split (struct reader *reader, struct view record, size_t *ret_count)
{
    size_t count = 0, begin = 0;
    enum place place = CELL_BEGIN;
    buffer_clear (&reader->text);
    for (size_t i = 0; i <= record.len; i++) {
        char byte = i < record.len ? record.at[i] : 0;
        enum place next = i < record.len ? place_after (reader, place, byte) : CELL_BEGIN;
        if (next == CELL_FAULT)
            return behind_quote;
        if (next == CELL_BEGIN) {
            if (count == reader->cell_room) {
                reader->cell_room = reader->cell_room ? reader->cell_room * 2 : 32;
                reader->cells = xrealloc (reader->cells, reader->cell_room * sizeof *reader->cells);
            }
            reader->cells[count++] = (struct view){NULL, reader->text.len - begin};
            buffer_add (&reader->text, "", 1);
            begin = reader->text.len;
        } else if (next == CELL_PLAIN || (next == CELL_QUOTED && place != CELL_BEGIN)) {
            buffer_add (&reader->text, &byte, 1); /* of two quotes the second */
        }
        place = next;
    }
    for (size_t i = 0, at = 0; i < count; i++) {
        reader->cells[i].at = reader->text.at + at;
        at += reader->cells[i].len + 1;
    }
    *ret_count = count;
    return NULL;
}

static char guess_delimiter (struct view header)
{
    char best = ',';
    size_t most = 0;
    for (const char *candidate = DELIMITERS; *candidate; candidate++) {
        size_t count = 0;
        for (size_t i = 0; i < header.len; i++)
            count += header.at[i] == *candidate;
        if (count > most) {
            most = count;
            best = *candidate;
        }
    }
    return best;
}

/* Splits the next line, with the delimiter that was said or else with the one that it has itself. */
static const char *read_names (struct reader *reader, char delimiter, size_t *ret_count)
{
    reader->delimiter = delimiter;
    if (cut_csv (reader) != CUT_RECORD)
        return "there is no header line with the names of the columns";
    struct view header = without_line_end (&reader->raw);
    if (!delimiter)
        reader->delimiter = guess_delimiter (header);
    return split (reader, header, ret_count);
}

static bool names_known (const struct reader *reader, size_t count)
{
    if (!reader->headings)
        return true;
    for (size_t i = 0; i < count; i++)
        if (reader->headings->same (reader->cells[i], reader->headings->known))
            return true;
    return false;
}

static const char *read_header (struct reader *reader)
{
    size_t count, lines = 0;
    const char *fault;
    char delimiter = reader->delimiter;
    do
        fault = read_names (reader, delimiter, &count);
    while (!fault && !names_known (reader, count) && ++lines < LINES_ABOVE);
    if (fault)
        return fault;
    if (lines == LINES_ABOVE)
        return "none of the first lines has the table's headings";
    for (size_t i = 0; i < count; i++)
        buffer_add (&reader->header, reader->cells[i].at, reader->cells[i].len + 1);
    reader->names = count;
    return NULL;
}

/* ---- opening --------------------------------------------------------------------------------- */

static bool ends_in (const char *name, const char *end)
{
    size_t len = strlen (name), want = strlen (end);
    return len >= want && strcasecmp (name + len - want, end) == 0;
}

static enum record_format guess_format (struct reader *reader, const char *name)
{
    if (ends_in (name, ".csv") || ends_in (name, ".tsv"))
        return RECORD_CSV;
    if (ends_in (name, ".jsonl") || ends_in (name, ".ndjson") || ends_in (name, ".json"))
        return RECORD_JSON;
    int byte;
    buffer_clear (&reader->raw);
    do {
        byte = get (reader);
        char one = (char) byte;
        if (byte != EOF)
            buffer_add (&reader->raw, &one, 1);
    } while (byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r');
    unread (reader, 0);
    return byte == '{' ? RECORD_JSON : RECORD_CSV;
}

static void skip_mark (struct reader *reader)
{
    static const char mark[] = "\xef\xbb\xbf"; /* the byte order mark that spreadsheets write */
    buffer_clear (&reader->raw);
    for (size_t i = 0; i < 3; i++) {
        int byte = get (reader);
        char one = (char) byte;
        if (byte != EOF)
            buffer_add (&reader->raw, &one, 1);
        if (one != mark[i]) {
            unread (reader, 0);
            return;
        }
    }
}

static int open_with (struct reader *reader, const char *name, struct reader **ret,
                      const char **ret_problem)
{
    *ret_problem = NULL;
    skip_mark (reader);
    if (reader->format == RECORD_GUESS)
        reader->format = guess_format (reader, name);
    if (reader->format == RECORD_CSV)
        *ret_problem = read_header (reader);
    if (*ret_problem) {
        reader->file = NULL; /* still the caller's */
        reader_close (&reader);
        return FAIL_MALFORMED;
    }
    *ret = reader;
    return 0;
}

int reader_open_table (FILE *file, const struct headings *headings, char delimiter,
                       struct reader **ret, const char **ret_problem)
{
    struct reader *reader = xcalloc (1, sizeof *reader);
    *reader = (struct reader){.file = file,
                              .format = RECORD_CSV,
                              .delimiter = delimiter,
                              .line = 1,
                              .headings = headings};
    return open_with (reader, "", ret, ret_problem);
}

int reader_open (FILE *file, const char *name, enum record_format format, char delimiter,
                 struct reader **ret, const char **ret_problem)
{
    struct reader *reader = xcalloc (1, sizeof *reader);
    *reader = (struct reader){.file = file, .format = format, .delimiter = delimiter, .line = 1};
    return open_with (reader, name, ret, ret_problem);
}

int reader_seek (struct reader *reader, int64_t offset, uint64_t line)
{
    if (fseeko (reader->file, offset, SEEK_SET) != 0)
        return FAIL_IO;
    buffer_clear (&reader->again);
    reader->again_at = 0;
    reader->offset = offset;
    reader->line = line;
    return 0;
}

enum record_format reader_format (const struct reader *reader)
{
    return reader->format;
}

static const char *name_at (const struct reader *reader, size_t at)
{
    const char *name = reader->header.at;
    while (at--)
        name += strlen (name) + 1;
    return name;
}

static bool is_named (const struct reader *reader, size_t at, const char *name)
{
    const char *own = name_at (reader, at);
    return reader->headings ? reader->headings->same (view_of (own), name)
                            : strcmp (own, name) == 0;
}

bool reader_has (const struct reader *reader, const char *name)
{
    if (reader->format == RECORD_JSON)
        return true;
    for (size_t i = 0; i < reader->names; i++)
        if (is_named (reader, i, name))
            return true;
    return false;
}

void reader_close (struct reader **held)
{
    struct reader *reader = *held;
    if (!reader)
        return;
    if (reader->file && reader->file != stdin)
        fclose (reader->file);
    buffer_free (&reader->raw);
    buffer_free (&reader->again);
    buffer_free (&reader->text);
    buffer_free (&reader->header);
    free (reader->cells);
    free (reader);
    *held = NULL;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void read_json (struct reader *reader, struct record *record)
{
    json_error_t error;
    record->json = json_loadb (record->raw.at, record->raw.len,
                               JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
    if (!record->json) {
        record->fault = "not one whole JSON object in UTF-8";
        record->unfinished = reader->raw.at[reader->raw.len - 1] != '\n';
    } else if (!json_is_object (record->json)) {
        record->fault = "JSON, but not an object";
    }
}

static void read_csv (struct reader *reader, struct record *record)
{
    record->fault = split (reader, record->raw, &record->cell_count);
    record->cells = reader->cells;
    if (!record->fault && record->cell_count != reader->names)
        record->fault = "not as many cells as the header has columns";
    if (record->fault && memchr (record->raw.at, '\n', record->raw.len)) {
        keep_first_line (reader);
        record->raw = without_line_end (&reader->raw);
    }
}

static bool is_blank (const struct reader *reader, struct view raw)
{
    for (size_t i = 0; i < raw.len; i++)
        if (reader->format == RECORD_CSV || (raw.at[i] != ' ' && raw.at[i] != '\t'))
            return false;
    return true;
}

bool reader_next (struct reader *reader, struct record *record, bool *ret_failed)
{
    enum cut cut;
    *ret_failed = false;
    do { /* empty lines are nobody's */
        *record = (struct record){.line = reader->line, .reader = reader};
        cut = reader->format == RECORD_JSON ? cut_line (reader) : cut_csv (reader);
        record->raw = without_line_end (&reader->raw);
    } while (cut == CUT_RECORD && is_blank (reader, record->raw));
    if (cut == CUT_END) {
        record->end = reader->offset;
        record->end_line = reader->line;
        *ret_failed = ferror (reader->file) != 0;
        return false;
    }
    if (cut == CUT_LONG)
        record->fault = "longer than 8 MiB";
    else if (cut == CUT_QUOTE)
        record->fault = "a quote is opened and never closed";
    else if (cut == CUT_BEHIND)
        record->fault = behind_quote;
    else if (reader->format == RECORD_JSON)
        read_json (reader, record);
    else
        read_csv (reader, record);
    record->end = reader->offset;
    record->end_line = reader->line;
    return true;
}

/* ---- values ---------------------------------------------------------------------------------- */

static json_t *json_find (json_t *object, const char *name)
{
    json_t *found = json_object_get (object, name);
    const char *dot = strchr (name, '.');
    if (found || !dot)
        return found;
    char *outer = xstrndup (name, (size_t) (dot - name));
    found = json_object_get (object, outer);
    free (outer);
    return json_is_object (found) ? json_find (found, dot + 1) : NULL;
}

/* Texts made for a record are kept in blocks until record_done: views into them must not move. */
static struct view keep (struct record *record, const char *text)
{
    char *copy = xstrdup (text);
    if (!record->kept)
        record->kept = xcalloc (1, sizeof *record->kept);
    buffer_add (record->kept, &copy, sizeof copy);
    return view_of (copy);
}

static bool json_value (struct record *record, const char *name, struct view *ret)
{
    char number[40];
    json_t *value = json_find (record->json, name);
    if (json_is_string (value))
        *ret = (struct view){json_string_value (value), json_string_length (value)};
    else if (json_is_true (value))
        *ret = view_of ("yes");
    else if (json_is_false (value))
        *ret = view_of ("no");
    else if (json_is_integer (value)) {
        snprintf (number, sizeof number, "%lld", (long long) json_integer_value (value));
        *ret = keep (record, number);
    } else if (json_is_real (value)) {
        snprintf (number, sizeof number, "%.10g", json_real_value (value));
        *ret = keep (record, number);
    } else
        return false;
    return ret->len > 0;
}

bool record_is_plain (const struct record *record, const char *name)
{
    const json_t *value = record->json ? json_find (record->json, name) : NULL;
    return !json_is_array (value) && !json_is_object (value);
}

bool record_value (struct record *record, const char *name, struct view *ret)
{
    if (record->json)
        return json_value (record, name, ret);
    for (size_t i = 0; i < record->cell_count; i++) {
        if (!is_named (record->reader, i, name))
            continue;
        *ret = record->cells[i];
        return ret->len > 0;
    }
    return false;
}

json_t *record_json (const struct record *record, const char *name)
{
    return json_object_get (record->json, name);
}

void record_done (struct record *record)
{
    json_decref (record->json);
    record->json = NULL;
    if (!record->kept)
        return;
    char **texts = (char **) record->kept->at;
    for (size_t i = 0; i < record->kept->len / sizeof *texts; i++)
        free (texts[i]);
    buffer_free (record->kept);
    free (record->kept);
    record->kept = NULL;
}
