/* settings.c - libyaml's document, walked against a table of rows.
 *
 * Every fault is logged with its place before the load fails, so that one run of -n shows them all.
 */
#include "daemon/settings.h"
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

static const char *const programs[] = {"intake", "router",   "store", "query",    "desk",
                                       "web",    "notifier", "audit", "identity", "aduan"};

/* What every program has beside its own rows; top-level keys of the file. */
static const struct setting shared[] = {
    {"run", SETTING_PATH, "/run/aduan", 0, 0, false, "folder of the unix sockets"},
    {"data", SETTING_PATH, "/var/lib/aduan", 0, 0, false, "folder of this installation's files"},
    {"log", SETTING_TEXT, "info", 0, 0, true, "error, warning, info or debug"},
};

struct value {
    const struct setting *row;
    char *text;
    int64_t number;
    bool said;
    yaml_mark_t mark; /* where it stands */
    bool marked;      /* it stands in the file */
};

struct settings {
    char *path, *folder;
    struct value *values;
    size_t count;
    bool some; /* unknown keys are passed over */
    unsigned faults;
};

__attribute__ ((format (printf, 4, 5))) static void fault (struct settings *settings,
                                                           const yaml_mark_t *mark, const char *key,
                                                           const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (text, sizeof text, format, arguments);
    va_end (arguments);
    settings->faults++;
    if (mark)
        log_error ("%s:%zu:%zu: %s: %s", settings->path ? settings->path : "settings",
                   mark->line + 1, mark->column + 1, key, text);
    else
        log_error ("%s: %s", key, text);
}

static struct value *find (const struct settings *settings, const char *key)
{
    for (size_t i = 0; i < settings->count; i++)
        if (strcmp (settings->values[i].row->key, key) == 0)
            return &settings->values[i];
    return NULL;
}

/* ---- values -------------------------------------------------------------------------------- */

struct unit {
    const char *word;
    int64_t factor;
};
static const struct unit duration_units[] = {
    {"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}};
static const struct unit byte_units[] = {
    {"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
static const struct unit no_units[] = {{"", 1}};

static bool with_unit (const char *text, const struct unit *units, size_t count, int64_t *ret)
{
    char *end;
    errno = 0;
    long long number = strtoll (text, &end, 10);
    if (end == text || errno)
        return false;
    for (size_t i = 0; i < count; i++)
        if (strcmp (end, units[i].word) == 0)
            return !__builtin_mul_overflow ((int64_t) number, units[i].factor, ret);
    return false;
}

static bool number_of (const struct setting *row, const char *text, int64_t *ret)
{
    switch (row->kind) {
    case SETTING_NUMBER: return with_unit (text, no_units, 1, ret);
    case SETTING_DURATION: return with_unit (text, duration_units, array_len (duration_units), ret);
    case SETTING_BYTES: return with_unit (text, byte_units, array_len (byte_units), ret);
    case SETTING_FLAG:
        *ret = strcmp (text, "true") == 0;
        return *ret || strcmp (text, "false") == 0;
    default: return true;
    }
}

static const char *const kind_words[] = {
    [SETTING_TEXT] = "a text",
    [SETTING_PATH] = "a path",
    [SETTING_NUMBER] = "a whole number",
    [SETTING_DURATION] = "a duration as 500ms, 3s, 15min, 2h or 8d",
    [SETTING_BYTES] = "a size as 512KiB, 64MiB or 2GiB",
    [SETTING_FLAG] = "true or false",
};

static void set (struct settings *settings, struct value *value, const char *text,
                 const yaml_mark_t *mark)
{
    int64_t number = 0;
    const struct setting *row = value->row;
    if (!number_of (row, text, &number)) {
        fault (settings, mark, row->key, "\"%s\" is not %s", log_text (text, strlen (text)),
               kind_words[row->kind]);
        return;
    }
    bool bounded =
        row->kind == SETTING_NUMBER || row->kind == SETTING_DURATION || row->kind == SETTING_BYTES;
    if (bounded && (number < row->min || number > row->max)) {
        fault (settings, mark, row->key, "%s is out of bounds: %" PRId64 " to %" PRId64 "%s", text,
               row->min, row->max,
               row->kind == SETTING_DURATION ? " ms"
               : row->kind == SETTING_BYTES  ? " bytes"
                                             : "");
        return;
    }
    free (value->text);
    /* "./x", as it is printed, is the same path as "x" */
    if (row->kind == SETTING_PATH && text[0] != '/' && text[0])
        value->text =
            xformat ("%s/%s", settings->folder, strncmp (text, "./", 2) == 0 ? text + 2 : text);
    else
        value->text = xstrdup (text);
    value->number = number;
    value->marked = mark != NULL;
    if (mark)
        value->mark = *mark;
}

/* ---- the document -------------------------------------------------------------------------- */

static void unknown_key (struct settings *settings, const char *key, const yaml_mark_t *mark)
{
    const char *nearest = NULL;
    unsigned least = 4;
    for (size_t i = 0; i < settings->count; i++) {
        unsigned apart = word_distance (key, settings->values[i].row->key);
        if (apart < least) {
            least = apart;
            nearest = settings->values[i].row->key;
        }
    }
    fault (settings, mark, key, "no such setting%s%s%s", nearest ? "; did you mean " : "",
           nearest ? nearest : "", nearest ? "?" : "");
}

static void walk (struct settings *settings, yaml_document_t *document, const yaml_node_t *node,
                  const char *prefix)
{
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *name = yaml_document_get_node (document, pair->key);
        const yaml_node_t *is = yaml_document_get_node (document, pair->value);
        if (name->type != YAML_SCALAR_NODE) {
            fault (settings, &name->start_mark, prefix, "a key must be a word");
            continue;
        }
        const char *word = (const char *) name->data.scalar.value;
        char *key = xformat ("%s%s%s", prefix, *prefix ? "." : "", word);
        struct value *value = find (settings, key);
        if (is->type == YAML_MAPPING_NODE && !value) {
            walk (settings, document, is, key);
        } else if (!value) {
            if (!settings->some)
                unknown_key (settings, key, &name->start_mark);
        } else if (is->type != YAML_SCALAR_NODE) {
            fault (settings, &is->start_mark, key, "is not %s", kind_words[value->row->kind]);
        } else if (value->said) {
            fault (settings, &name->start_mark, key, "is said twice");
        } else {
            value->said = true;
            set (settings, value, (const char *) is->data.scalar.value, &is->start_mark);
        }
        free (key);
    }
}

static bool is_program (const char *word)
{
    for (size_t i = 0; i < array_len (programs); i++)
        if (strcmp (word, programs[i]) == 0)
            return true;
    return false;
}

static void top_pair (struct settings *settings, yaml_document_t *document, const yaml_node_t *name,
                      const yaml_node_t *is, const char *program)
{
    const char *word = name->type == YAML_SCALAR_NODE ? (const char *) name->data.scalar.value : "";
    struct value *value = find (settings, word);
    if (strcmp (word, program) == 0) {
        if (is->type == YAML_MAPPING_NODE)
            walk (settings, document, is, "");
        else if (is->type != YAML_SCALAR_NODE || is->data.scalar.length)
            fault (settings, &is->start_mark, word, "is not a list of key: value lines");
    } else if (value && is->type == YAML_SCALAR_NODE && value->row >= shared &&
               value->row < shared + array_len (shared)) {
        if (value->said)
            fault (settings, &name->start_mark, word, "is said twice");
        value->said = true;
        set (settings, value, (const char *) is->data.scalar.value, &is->start_mark);
    } else if (!is_program (word)) {
        fault (settings, &name->start_mark, *word ? word : "a key",
               "neither a program nor one of run, data, log");
    }
}

static void read_document (struct settings *settings, yaml_document_t *document,
                           const char *program)
{
    const yaml_node_t *root = yaml_document_get_root_node (document);
    if (!root)
        return; /* an empty file: defaults */
    if (root->type != YAML_MAPPING_NODE) {
        fault (settings, &root->start_mark, "settings", "the file is not key: value lines");
        return;
    }
    for (const yaml_node_pair_t *pair = root->data.mapping.pairs.start;
         pair < root->data.mapping.pairs.top; pair++)
        top_pair (settings, document, yaml_document_get_node (document, pair->key),
                  yaml_document_get_node (document, pair->value), program);
}

static void read_file (struct settings *settings, const char *path, const char *program)
{
    char *text = NULL;
    size_t len = 0;
    int result = file_read (path, 1 << 20, &text, &len);
    if (result != 0) {
        fault (settings, NULL, path, "cannot be read: %s",
               result == FAIL_IO ? strerror (errno) : fail_text (result));
        return;
    }
    yaml_parser_t parser;
    yaml_document_t document;
    check (yaml_parser_initialize (&parser));
    yaml_parser_set_input_string (&parser, (const unsigned char *) text, len);
    if (yaml_parser_load (&parser, &document)) {
        read_document (settings, &document, program);
        yaml_document_delete (&document);
    } else {
        fault (settings, &parser.problem_mark, "YAML", "%s",
               parser.problem ? parser.problem : "not well-formed");
    }
    yaml_parser_delete (&parser);
    free (text);
}

static void override (struct settings *settings, const char *pair)
{
    const char *equals = strchr (pair, '=');
    char *key = equals ? xstrndup (pair, (size_t) (equals - pair)) : xstrdup (pair);
    struct value *value = find (settings, key);
    if (!equals)
        fault (settings, NULL, key, "-o wants key=value");
    else if (!value)
        unknown_key (settings, key, NULL);
    else
        set (settings, value, equals + 1, NULL);
    free (key);
}

static int load (const char *path, const char *program, const struct setting *table,
                 size_t table_len, const char *const *overrides, bool some, struct settings **ret)
{
    struct settings *settings = xcalloc (1, sizeof *settings);
    settings->some = some;
    settings->path = path ? xstrdup (path) : NULL;
    char *copy = xstrdup (path ? path : ".");
    settings->folder = xstrdup (path ? dirname (copy) : ".");
    free (copy);
    settings->count = array_len (shared) + table_len;
    settings->values = xcalloc (settings->count, sizeof *settings->values);
    for (size_t i = 0; i < settings->count; i++) {
        settings->values[i].row =
            i < array_len (shared) ? &shared[i] : &table[i - array_len (shared)];
        set (settings, &settings->values[i], settings->values[i].row->standard, NULL);
    }
    if (path)
        read_file (settings, path, program);
    for (; overrides && *overrides; overrides++)
        override (settings, *overrides);
    if (settings->faults) {
        settings_destroy (&settings);
        return FAIL_SETTING;
    }
    *ret = settings;
    return 0;
}

int settings_load (const char *path, const char *program, const struct setting *table,
                   size_t table_len, const char *const *overrides, struct settings **ret)
{
    return load (path, program, table, table_len, overrides, false, ret);
}

int settings_load_some (const char *path, const char *program, const struct setting *table,
                        size_t table_len, struct settings **ret)
{
    return load (path, program, table, table_len, NULL, true, ret);
}

void settings_destroy (struct settings **held)
{
    struct settings *settings = *held;
    if (!settings)
        return;
    for (size_t i = 0; i < settings->count; i++)
        free (settings->values[i].text);
    free (settings->values);
    free (settings->path);
    free (settings->folder);
    free (settings);
    *held = NULL;
}

const char *settings_file (const struct settings *settings)
{
    return settings->path;
}

const char *settings_text (const struct settings *settings, const char *key)
{
    const struct value *value = find (settings, key);
    check (value);
    return value->text;
}

int64_t settings_number (const struct settings *settings, const char *key)
{
    const struct value *value = find (settings, key);
    check (value);
    return value->number;
}

bool settings_flag (const struct settings *settings, const char *key)
{
    return settings_number (settings, key) != 0;
}

bool settings_refuse (const struct settings *settings, const char *key, const char *right)
{
    const struct value *value = find (settings, key);
    check (value);
    const char *text = log_text (value->text, strlen (value->text));
    if (value->marked)
        log_error ("%s:%zu:%zu: %s: \"%s\" is wrong; it must be %s", settings->path,
                   value->mark.line + 1, value->mark.column + 1, key, text, right);
    else
        log_error ("%s: \"%s\" is wrong; it must be %s", key, text, right);
    return false;
}

bool settings_door (const struct settings *settings, const char *key)
{
    const char *text = settings_text (settings, key), *colon = strrchr (text, ':');
    int64_t port;
    bool right = strncmp (text, "tcp://", 6) == 0 && colon && colon > text + 6 &&
                 with_unit (colon + 1, no_units, 1, &port) && port > 0 && port < 65536;
    return right || settings_refuse (settings, key, "tcp://ADDRESS:PORT");
}

void settings_print (const struct settings *settings, struct buffer *out)
{
    for (size_t i = 0; i < settings->count; i++)
        buffer_format (out, "%s: %s  # %s\n", settings->values[i].row->key,
                       settings->values[i].text, settings->values[i].row->help);
}
