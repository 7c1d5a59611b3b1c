/* settings.h - one YAML file for all programs, a table of rows for each.
 *
 *     intake:
 *       door: tcp://127.0.0.1:8313
 *       spool:
 *         bytes: 2147483648
 *
 * Parsed by libyaml's document API, whose marks give every refusal its file, line and column:
 * unknown key, wrong kind, out of bounds, doubled key.  A key absent from the file has its default.
 */
#ifndef ADUAN_SETTINGS_H
#define ADUAN_SETTINGS_H

#include "base/base.h"

enum setting_kind {
    SETTING_TEXT,
    SETTING_PATH,     /* relative to the settings file's folder */
    SETTING_NUMBER,   /* with min and max */
    SETTING_DURATION, /* "500ms", "3s", "8d"; kept in ms, min and max in ms */
    SETTING_BYTES,    /* "64MiB"; kept in bytes */
    SETTING_FLAG,     /* true, false */
};

struct setting {
    const char *key; /* "spool.bytes": dots are levels below the program's own */
    enum setting_kind kind;
    const char *standard; /* the default, as it would stand in the file */
    int64_t min, max;
    bool reloads; /* SIGHUP may change it */
    const char *help;
};

struct settings;
/* Reads `path` (NULL: defaults alone), applies `overrides` ("spool.bytes=1GiB", NULL-terminated,
 * may be NULL), checks all of section `program` and that every other section is known by name.
 * Each fault is logged as "file:line:column: key: what is wrong, what would be right".
 * 0 and *ret, or FAIL_SETTING. */
int settings_load (const char *path, const char *program, const struct setting *table,
                   size_t table_len, const char *const *overrides, struct settings **ret);
/* The same for whoever only wants to know some of another program's settings: keys of its section that the
 * table lacks are passed over. */
int settings_load_some (const char *path, const char *program, const struct setting *table,
                        size_t table_len, struct settings **ret);
void settings_destroy (struct settings **settings);

/* A value by its key; a key that the table lacks is our own bug and aborts.  Texts live as long as
 * the settings; an empty text is "". */
const char *settings_text (const struct settings *settings, const char *key);
int64_t settings_number (const struct settings *settings, const char *key);
bool settings_flag (const struct settings *settings, const char *key);
/* The file that they are from; NULL: defaults alone. */
const char *settings_file (const struct settings *settings);
/* Logs that a value which the table allows is wrong all the same, with its place in the file; `right`
 * ends "it must be ...".  Returns false. */
bool settings_refuse (const struct settings *settings, const char *key, const char *right);
/* Is the value an endpoint that a door can stand at, "tcp://ADDRESS:PORT"?  Else refused as above. */
bool settings_door (const struct settings *settings, const char *key);
/* "key: value  # help" for each row. */
void settings_print (const struct settings *settings, struct buffer *out);

#endif
