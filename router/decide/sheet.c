/* sheet.c - libyaml's events looked through, then its document, walked against tables of keys. */
#include "sheet.h"
#include "wire/wire.h"

#include <stdio.h>
#include <string.h>

/* ---- faults -------------------------------------------------------------------------------- */

bool sheet_full (const struct sheet *sheet)
{
    return sheet->fault_count == SHEET_FAULTS_MOST;
}

/* Cuts a character off that has lost its end. */
static void mend (char *text, size_t len)
{
    size_t begin = len;
    while (begin && ((unsigned char) text[begin - 1] & 0xc0) == 0x80)
        begin--;
    begin -= begin > 0;
    if (!utf8_valid (text + begin, len - begin))
        text[begin] = 0;
}

static const struct {
    const char *key, *id, *en;
} texts[SHEET_TEXTS] = {
    [SHEET_none] = {"", "", ""},
#define TEXT(key, id, en) [SHEET_##key] = {#key, id, en},
#include "decide/sheet_text.def"
#undef TEXT
};

const char *sheet_text_key (enum sheet_text what)
{
    return texts[what].key;
}

const char *sheet_number (size_t number)
{
    static char rooms[4][24];
    static unsigned turn;
    char *room = rooms[turn++ % array_len (rooms)];
    snprintf (room, sizeof rooms[0], "%zu", number);
    return room;
}

void sheet_about (struct sheet *sheet, enum sheet_text about, struct view name)
{
    sheet->about = about;
    snprintf (sheet->name, sizeof sheet->name, "%.*s", (int) name.len, name.at);
}

/* The value of that name, "" where there is none. */
static const char *value_of (const char *values, struct view name)
{
    for (const char *value; *values; values = value + strlen (value) + 1) {
        value = values + strlen (values) + 1;
        if (view_is (name, values))
            return value;
    }
    return "";
}

/* A text with each {name} that has a value replaced by it. */
static void say (const char *text, const char *values, struct buffer *out)
{
    const char *open, *close;
    while ((open = strchr (text, '{')) != NULL && (close = strchr (open, '}')) != NULL) {
        const char *value = value_of (values, (struct view){open + 1, (size_t) (close - open - 1)});
        const char *end = *value ? open : close + 1; /* "{rung: 2}" is an example */
        buffer_format (out, "%.*s%s", (int) (end - text), text, value);
        text = close + 1;
    }
    buffer_format (out, "%s", text);
}

void sheet_fault_say (const struct sheet_fault *fault, uint32_t language, struct buffer *out)
{
    bool english = language == LANGUAGE_EN;
    if (fault->about) {
        char name[sizeof fault->name + 8] = "name";
        strcpy (name + sizeof "name", fault->name);
        say (english ? texts[fault->about].en : texts[fault->about].id, name, out);
        buffer_format (out, ": ");
    }
    if (fault->key)
        buffer_format (out, "%s: ", fault->key);
    say (english ? texts[fault->what].en : texts[fault->what].id, fault->values, out);
}

/* Names and values, as far as there is room. */
static void keep_values (struct sheet_fault *fault, va_list pairs)
{
    char *at = fault->values, *end = at + sizeof fault->values - 1;
    const char *name;
    while ((name = va_arg (pairs, const char *)) != NULL) {
        const char *value = va_arg (pairs, const char *);
        size_t len = strlen (name) + 1;
        if (at + len + 1 >= end)
            return;
        memcpy (at, name, len);
        at += len;
        snprintf (at, (size_t) (end - at), "%s", value);
        mend (at, strlen (at));
        at += strlen (at) + 1;
    }
}

static void keep_text (struct sheet_fault *fault)
{
    struct buffer text = {0};
    sheet_fault_say (fault, LANGUAGE_EN, &text);
    snprintf (fault->text, sizeof fault->text, "%.*s", (int) text.len, text.at);
    mend (fault->text, strlen (fault->text));
    buffer_free (&text);
}

static void add (struct sheet *sheet, unsigned line, bool warning, enum sheet_text what,
                 va_list pairs)
{
    sheet->error_count += !warning;
    if (sheet_full (sheet)) {
        struct sheet_fault *last = &sheet->faults[sheet->fault_count - 1];
        last->warning = last->warning && warning;
        return;
    }
    sheet->faults = xrealloc (sheet->faults, (sheet->fault_count + 1) * sizeof *sheet->faults);
    struct sheet_fault *fault = &sheet->faults[sheet->fault_count++];
    *fault = (struct sheet_fault){.line = line ? line : 1, .warning = warning, .what = what};
    if (sheet_full (sheet)) {
        fault->what = SHEET_more;
    } else {
        fault->about = sheet->about;
        fault->key = sheet->key;
        memcpy (fault->name, sheet->name, sizeof fault->name);
        keep_values (fault, pairs);
    }
    keep_text (fault);
}

void sheet_error (struct sheet *sheet, unsigned line, enum sheet_text what, ...)
{
    va_list pairs;
    va_start (pairs, what);
    add (sheet, line, false, what, pairs);
    va_end (pairs);
}

void sheet_unknown (struct sheet *sheet, unsigned line, enum sheet_text what, ...)
{
    va_list pairs;
    va_start (pairs, what);
    add (sheet, line, sheet->tolerant, what, pairs);
    va_end (pairs);
}

void sheet_warning (struct sheet *sheet, unsigned line, enum sheet_text what, ...)
{
    va_list pairs;
    va_start (pairs, what);
    add (sheet, line, true, what, pairs);
    va_end (pairs);
}

/* ---- opening ------------------------------------------------------------------------------- */

static unsigned line_at (const char *at, size_t offset)
{
    unsigned line = 1;
    for (size_t i = 0; i < offset; i++)
        line += at[i] == '\n';
    return line;
}

static unsigned first_bad_line (const char *at, size_t len)
{
    for (unsigned line = 1;; line++) {
        const char *end = memchr (at, '\n', len);
        size_t step = end ? (size_t) (end - at) + 1 : len;
        if (!end || !utf8_valid (at, step))
            return line;
        at += step;
        len -= step;
    }
}

struct looked {
    unsigned nodes, depth, documents;
};

static enum sheet_text anchored (const yaml_event_t *event)
{
    const yaml_char_t *has_anchor = NULL, *has_tag = NULL;
    if (event->type == YAML_SCALAR_EVENT) {
        has_anchor = event->data.scalar.anchor;
        has_tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        has_anchor = event->data.sequence_start.anchor;
        has_tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        has_anchor = event->data.mapping_start.anchor;
        has_tag = event->data.mapping_start.tag;
    }
    return has_anchor ? SHEET_anchor : has_tag ? SHEET_tag : SHEET_none;
}

/* Why the file is not read any further, or SHEET_none. */
static enum sheet_text look (const yaml_event_t *event, struct looked *looked)
{
    enum sheet_text fault = anchored (event);
    switch (event->type) {
    case YAML_ALIAS_EVENT: return SHEET_alias;
    case YAML_DOCUMENT_START_EVENT:
        if (event->data.document_start.version_directive ||
            event->data.document_start.tag_directives.start !=
                event->data.document_start.tag_directives.end)
            return SHEET_directive;
        return ++looked->documents > 1 ? SHEET_second_document : SHEET_none;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        if (++looked->depth > SHEET_DEPTH_MOST)
            return SHEET_too_deep;
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: looked->depth--; break;
    default: break;
    }
    if (++looked->nodes > SHEET_NODES_MOST)
        return SHEET_too_many_lines;
    return fault;
}

static void parser_fault (struct sheet *sheet, const yaml_parser_t *parser, const char *at,
                          size_t len)
{
    bool reader = parser->error == YAML_READER_ERROR;
    size_t offset = parser->problem_offset < len ? parser->problem_offset : len;
    unsigned line = reader ? line_at (at, offset) : (unsigned) parser->problem_mark.line + 1;
    char why[160];
    snprintf (why, sizeof why, "%s%s%s", parser->problem ? parser->problem : "it cannot be read",
              parser->context ? ", " : "", parser->context ? parser->context : "");
    sheet_error (sheet, line, SHEET_no_yaml, "why", why, NULL);
}

static void begin (yaml_parser_t *parser, const char *at, size_t len)
{
    check (yaml_parser_initialize (parser));
    yaml_parser_set_encoding (parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string (parser, (const unsigned char *) at, len);
}

/* Looks all events through.  Faults where it must not become a document. */
static void look_through (struct sheet *sheet, const char *at, size_t len)
{
    yaml_parser_t parser;
    yaml_event_t event;
    struct looked looked = {0};
    bool last = false;
    begin (&parser, at, len);
    while (!last) {
        if (!yaml_parser_parse (&parser, &event)) {
            parser_fault (sheet, &parser, at, len);
            break;
        }
        enum sheet_text fault = look (&event, &looked);
        if (fault)
            sheet_error (sheet, (unsigned) event.start_mark.line + 1, fault, NULL);
        last = fault || event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete (&event);
    }
    yaml_parser_delete (&parser);
    if (!sheet->error_count && !looked.documents)
        sheet_error (sheet, 1, SHEET_empty_file, NULL);
}

int sheet_open (struct sheet *sheet, const char *at, size_t len, size_t most)
{
    bool marked = len >= 3 && memcmp (at, "\xef\xbb\xbf", 3) == 0; /* as editors of Windows do */
    at += marked ? 3 : 0;
    len -= marked ? 3 : 0;
    if (len > most)
        sheet_error (sheet, line_at (at, most), SHEET_file_too_large, "count", sheet_number (len),
                     "most", sheet_number (most), NULL);
    else if (!utf8_valid (at, len))
        sheet_error (sheet, first_bad_line (at, len), SHEET_no_utf8, NULL);
    else
        look_through (sheet, at, len);
    if (sheet->error_count)
        return FAIL_MALFORMED;
    yaml_parser_t parser;
    begin (&parser, at, len);
    sheet->open = yaml_parser_load (&parser, &sheet->document);
    if (!sheet->open)
        parser_fault (sheet, &parser, at, len);
    yaml_parser_delete (&parser);
    return sheet->open ? 0 : FAIL_MALFORMED;
}

void sheet_close (struct sheet *sheet)
{
    if (sheet->open)
        yaml_document_delete (&sheet->document);
    sheet->open = false;
}

/* ---- nodes --------------------------------------------------------------------------------- */

const yaml_node_t *sheet_root (struct sheet *sheet)
{
    return yaml_document_get_root_node (&sheet->document);
}

const yaml_node_t *sheet_node (struct sheet *sheet, int node)
{
    return yaml_document_get_node (&sheet->document, node);
}

unsigned sheet_line (const yaml_node_t *node)
{
    return (unsigned) node->start_mark.line + 1;
}

struct view sheet_view (const yaml_node_t *node)
{
    if (node->type != YAML_SCALAR_NODE)
        return view_of ("");
    return (struct view){(const char *) node->data.scalar.value, node->data.scalar.length};
}

const yaml_node_t *sheet_find (struct sheet *sheet, const yaml_node_t *node, const char *key)
{
    if (node->type != YAML_MAPPING_NODE)
        return NULL;
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++)
        if (view_is (sheet_view (sheet_node (sheet, pair->key)), key))
            return sheet_node (sheet, pair->value);
    return NULL;
}

static void unknown_key (struct sheet *sheet, const yaml_node_t *name, const struct sheet_key *keys,
                         size_t key_count)
{
    struct view word = sheet_view (name);
    const char *nearest = NULL;
    unsigned least = 4;
    if (name->type != YAML_SCALAR_NODE) {
        sheet_error (sheet, sheet_line (name), SHEET_key_no_word, NULL);
        return;
    }
    char text[40];
    snprintf (text, sizeof text, "%.*s",
              (int) (word.len < sizeof text ? word.len : sizeof text - 1), word.at);
    for (size_t i = 0; i < key_count; i++) {
        unsigned apart = word_distance (text, keys[i].key);
        if (apart < least && apart * 3 <= strlen (text)) {
            least = apart;
            nearest = keys[i].key;
        }
    }
    struct buffer known = {0};
    for (size_t i = 0; i < key_count; i++)
        buffer_format (&known, "%s%s", i ? ", " : "", keys[i].key);
    mend (text, strlen (text));
    sheet_error (sheet, sheet_line (name), nearest ? SHEET_unknown_key_near : SHEET_unknown_key,
                 "key", log_text (text, strlen (text)), "known", known.at, "near",
                 nearest ? nearest : "", NULL);
    buffer_free (&known);
}

void sheet_mapping (struct sheet *sheet, const yaml_node_t *node, const struct sheet_key *keys,
                    size_t key_count, void *into)
{
    unsigned said[32] = {0}; /* the line, by key */
    check (key_count <= array_len (said));
    if (node->type != YAML_MAPPING_NODE) {
        sheet_error (sheet, sheet_line (node), SHEET_no_mapping, NULL);
        return;
    }
    const char *before = sheet->key;
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top && !sheet_full (sheet); pair++) {
        const yaml_node_t *name = sheet_node (sheet, pair->key);
        size_t key = 0;
        while (key < key_count &&
               (name->type != YAML_SCALAR_NODE || !view_is (sheet_view (name), keys[key].key)))
            key++;
        if (key == key_count) {
            unknown_key (sheet, name, keys, key_count);
        } else if (said[key]) {
            sheet_error (sheet, sheet_line (name), SHEET_key_twice, "key", keys[key].key, "line",
                         sheet_number (said[key]), NULL);
        } else {
            said[key] = sheet_line (name);
            sheet->key = keys[key].path;
            keys[key].read (sheet, sheet_node (sheet, pair->value), into);
            sheet->key = before;
        }
    }
}

void sheet_list (struct sheet *sheet, const yaml_node_t *node, size_t most, sheet_read_fn *read,
                 void *into)
{
    if (node->type != YAML_SEQUENCE_NODE) {
        read (sheet, node, into);
        return;
    }
    const yaml_node_item_t *item = node->data.sequence.items.start,
                           *top = node->data.sequence.items.top;
    if (item == top)
        sheet_error (sheet, sheet_line (node), SHEET_empty_list, NULL);
    else if ((size_t) (top - item) > most)
        sheet_error (sheet, sheet_line (node), SHEET_list_too_long, "count",
                     sheet_number ((size_t) (top - item)), "most", sheet_number (most), NULL);
    else
        for (; item < top && !sheet_full (sheet); item++)
            read (sheet, sheet_node (sheet, *item), into);
}

struct view sheet_scalar (struct sheet *sheet, const yaml_node_t *node, size_t most)
{
    struct view text = sheet_view (node);
    if (node->type != YAML_SCALAR_NODE)
        sheet_error (sheet, sheet_line (node), SHEET_no_scalar, NULL);
    else if (text.len == 0)
        sheet_error (sheet, sheet_line (node), SHEET_nothing_said, NULL);
    else if (!utf8_valid (text.at, text.len)) /* "\0" and the like, which YAML can escape */
        sheet_error (sheet, sheet_line (node), SHEET_odd_character, NULL);
    else if (utf8_count (text.at, text.len) > most)
        sheet_error (sheet, sheet_line (node), SHEET_text_too_long, "count",
                     sheet_number (utf8_count (text.at, text.len)), "most", sheet_number (most),
                     NULL);
    else
        return text;
    return view_of ("");
}
