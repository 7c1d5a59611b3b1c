/* sheet.c - libyaml's events looked through, then its document, walked against tables of keys. */
#include "sheet.h"

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

__attribute__ ((format (printf, 4, 0))) static void add (struct sheet *sheet, unsigned line,
                                                         bool warning, const char *format,
                                                         va_list args)
{
    if (sheet_full (sheet)) {
        struct sheet_fault *last = &sheet->faults[sheet->fault_count - 1];
        last->warning = last->warning && warning;
        sheet->error_count += !warning;
        return;
    }
    sheet->faults = xrealloc (sheet->faults, (sheet->fault_count + 1) * sizeof *sheet->faults);
    struct sheet_fault *fault = &sheet->faults[sheet->fault_count++];
    *fault = (struct sheet_fault){.line = line ? line : 1, .warning = warning};
    sheet->error_count += !warning;
    if (sheet_full (sheet)) {
        strcpy (fault->text, "more is wrong than fits here; mend what stands above first");
        return;
    }
    int len = snprintf (fault->text, sizeof fault->text, "%s%s%s", sheet->about,
                        sheet->key ? sheet->key : "", sheet->key ? ": " : "");
    size_t at = (size_t) len < sizeof fault->text ? (size_t) len : sizeof fault->text - 1;
    vsnprintf (fault->text + at, sizeof fault->text - at, format, args);
    mend (fault->text, strlen (fault->text));
}

void sheet_error (struct sheet *sheet, unsigned line, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    add (sheet, line, false, format, args);
    va_end (args);
}

void sheet_unknown (struct sheet *sheet, unsigned line, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    add (sheet, line, sheet->tolerant, format, args);
    va_end (args);
}

void sheet_warning (struct sheet *sheet, unsigned line, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    add (sheet, line, true, format, args);
    va_end (args);
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

static const char *anchored (const yaml_event_t *event)
{
    static const char anchor[] = "anchors (&) have no meaning here: write it out",
                      tag[] = "tags (!) have no meaning here: leave it out";
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
    return has_anchor ? anchor : has_tag ? tag : NULL;
}

/* Why the file is not read any further, or NULL. */
static const char *look (const yaml_event_t *event, struct looked *looked)
{
    const char *fault = anchored (event);
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return "aliases (*) have no meaning here: write it out, or quote the text";
    case YAML_DOCUMENT_START_EVENT:
        if (event->data.document_start.version_directive ||
            event->data.document_start.tag_directives.start !=
                event->data.document_start.tag_directives.end)
            return "directives (%) have no meaning here: leave them out";
        return ++looked->documents > 1 ? "a second document (---): put all into one" : NULL;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        if (++looked->depth > SHEET_DEPTH_MOST)
            return "lists within lists, deeper than anything that is read here";
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: looked->depth--; break;
    default: break;
    }
    if (++looked->nodes > SHEET_NODES_MOST)
        return "too many lines for one file: use fewer, broader rules";
    return fault;
}

static void parser_fault (struct sheet *sheet, const yaml_parser_t *parser, const char *at,
                          size_t len)
{
    bool reader = parser->error == YAML_READER_ERROR;
    size_t offset = parser->problem_offset < len ? parser->problem_offset : len;
    unsigned line = reader ? line_at (at, offset) : (unsigned) parser->problem_mark.line + 1;
    sheet_error (sheet, line, "not well-formed YAML: %s%s%s",
                 parser->problem ? parser->problem : "it cannot be read",
                 parser->context ? ", " : "", parser->context ? parser->context : "");
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
        const char *fault = look (&event, &looked);
        if (fault)
            sheet_error (sheet, (unsigned) event.start_mark.line + 1, "%s", fault);
        last = fault || event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete (&event);
    }
    yaml_parser_delete (&parser);
    if (!sheet->error_count && !looked.documents)
        sheet_error (sheet, 1, "the file is empty");
}

int sheet_open (struct sheet *sheet, const char *at, size_t len, size_t most)
{
    if (len > most)
        sheet_error (sheet, line_at (at, most), "the file has %zu bytes; %zu are the most", len,
                     most);
    else if (!utf8_valid (at, len))
        sheet_error (sheet, first_bad_line (at, len),
                     "not UTF-8: save the file with that encoding");
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
        sheet_error (sheet, sheet_line (name), "a key must be a word");
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
    sheet_error (sheet, sheet_line (name), "\"%s\" is no key here%s%s%s; there are %s",
                 log_text (text, strlen (text)), nearest ? ": did you mean " : "",
                 nearest ? nearest : "", nearest ? "?" : "", known.at);
    buffer_free (&known);
}

void sheet_mapping (struct sheet *sheet, const yaml_node_t *node, const struct sheet_key *keys,
                    size_t key_count, void *into)
{
    unsigned said[32] = {0}; /* the line, by key */
    check (key_count <= array_len (said));
    if (node->type != YAML_MAPPING_NODE) {
        sheet_error (sheet, sheet_line (node), "must be lines of \"key: value\"");
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
            sheet_error (sheet, sheet_line (name),
                         "\"%s\" is said twice, first in line %u: keep one", keys[key].key,
                         said[key]);
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
        sheet_error (sheet, sheet_line (node), "the list is empty: leave the line out");
    else if ((size_t) (top - item) > most)
        sheet_error (sheet, sheet_line (node), "%zu items; %zu are the most: make two rules of it",
                     (size_t) (top - item), most);
    else
        for (; item < top && !sheet_full (sheet); item++)
            read (sheet, sheet_node (sheet, *item), into);
}

struct view sheet_scalar (struct sheet *sheet, const yaml_node_t *node, size_t most)
{
    struct view text = sheet_view (node);
    if (node->type != YAML_SCALAR_NODE)
        sheet_error (sheet, sheet_line (node), "must be a word or a text, not a list");
    else if (text.len == 0)
        sheet_error (sheet, sheet_line (node), "nothing is said: leave the line out");
    else if (!utf8_valid (text.at, text.len)) /* "\0" and the like, which YAML can escape */
        sheet_error (sheet, sheet_line (node), "holds a character that no text has");
    else if (utf8_count (text.at, text.len) > most)
        sheet_error (sheet, sheet_line (node), "%zu characters; %zu are the most",
                     utf8_count (text.at, text.len), most);
    else
        return text;
    return view_of ("");
}
