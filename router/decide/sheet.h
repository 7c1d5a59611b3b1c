/* sheet.h - a YAML file that people write, read strictly: one document of plain mappings, lists and
 * scalars.  Whatever bytes come in, memory and time are bounded, and what is refused is refused with
 * its line.
 *
 * libyaml's document loses anchors and follows aliases, and its scanner takes whatever depth comes; so
 * the events are looked through first, and no document is made of a file with anchors, aliases, tags,
 * directives, a second document, deep nesting or too many nodes.
 */
#ifndef ADUAN_SHEET_H
#define ADUAN_SHEET_H

#include <yaml.h>
#include "base/base.h"

#define SHEET_FAULTS_MOST 1000
#define SHEET_NODES_MOST  600000
#define SHEET_DEPTH_MOST  8

/* What there is to say, in both languages: deploy/text/{id,en}/sheet.txt. */
enum sheet_text {
    SHEET_none,
#define TEXT(key, id, en) SHEET_##key,
#include "decide/sheet_text.def"
#undef TEXT
    SHEET_TEXTS
};

/* What is wrong, and where. */
struct sheet_fault {
    unsigned line;         /* 1 is the first */
    bool warning;          /* the file is usable */
    enum sheet_text what;  /* names value and remedy */
    enum sheet_text about; /* of which rule or case, SHEET_none: of the file */
    const char *key;       /* "when.category", static, NULL: of none */
    char name[72];         /* what `about` names */
    char values[400]; /* of `what`: name, NUL, value, NUL, ...; an empty name behind the last */
    char text[240];   /* all of it in English, as logs say it */
};

struct sheet {
    yaml_document_t document;
    bool open;
    enum sheet_text about; /* begins the text of each fault, SHEET_none: nothing */
    char name[72];         /* of what it is about */
    const char *key;       /* "when.category": stands behind it, or NULL */
    struct sheet_fault *faults;
    size_t fault_count, error_count;
    bool tolerant; /* what names something unknown is a warning */
};

/* Of zeroed memory.  0, or FAIL_MALFORMED with at least one fault. */
int sheet_open (struct sheet *sheet, const char *at, size_t len, size_t most);
/* Ends the document; the faults stay, and are the caller's to free. */
void sheet_close (struct sheet *sheet);

/* Adds a fault (an error, or a warning): what, then pairs of the names and values that its text has, and
 * NULL; the last fault that has room says that there are more.  Values of outside go through log_text. */
__attribute__ ((sentinel)) void sheet_error (struct sheet *sheet, unsigned line,
                                             enum sheet_text what, ...);
/* Names what is not known here: an error, in a tolerant sheet a warning. */
__attribute__ ((sentinel)) void sheet_unknown (struct sheet *sheet, unsigned line,
                                               enum sheet_text what, ...);
__attribute__ ((sentinel)) void sheet_warning (struct sheet *sheet, unsigned line,
                                               enum sheet_text what, ...);
/* A number as a value; four buffers in turn. */
const char *sheet_number (size_t number);
/* What the faults from now on are about, by name or number; SHEET_none: the file. */
void sheet_about (struct sheet *sheet, enum sheet_text about, struct view name);
/* The whole of a fault for people: about, key and what; LANGUAGE_EN, else Indonesian. */
void sheet_fault_say (const struct sheet_fault *fault, uint32_t language, struct buffer *out);
/* "unknown_key" */
const char *sheet_text_key (enum sheet_text what);
/* No more faults fit: whoever walks may stop. */
bool sheet_full (const struct sheet *sheet);

/* Of a file that is open. */
const yaml_node_t *sheet_root (struct sheet *sheet);
const yaml_node_t *sheet_node (struct sheet *sheet, int node);
unsigned sheet_line (const yaml_node_t *node);
/* The text of a scalar; empty of anything else. */
struct view sheet_view (const yaml_node_t *node);
/* What stands under this key of a mapping, NULL: nothing. */
const yaml_node_t *sheet_find (struct sheet *sheet, const yaml_node_t *node, const char *key);

typedef void sheet_read_fn (struct sheet *sheet, const yaml_node_t *node, void *into);

struct sheet_key {
    const char *key;  /* as it stands in the file */
    const char *path; /* as faults name it */
    sheet_read_fn *read;
};

/* Calls each key's function for its value.  What is no mapping, an unknown key and a doubled one are
 * faults. */
void sheet_mapping (struct sheet *sheet, const yaml_node_t *node, const struct sheet_key *keys,
                    size_t key_count, void *into);
/* Calls `read` for each scalar of a list, or for the one that stands there alone.  An empty list, one of
 * more than `most` items and what is no scalar are faults. */
void sheet_list (struct sheet *sheet, const yaml_node_t *node, size_t most, sheet_read_fn *read,
                 void *into);
/* A scalar of 1 to `most` code points, else a fault and an empty view. */
struct view sheet_scalar (struct sheet *sheet, const yaml_node_t *node, size_t most);

#endif
