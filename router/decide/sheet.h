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

/* What is wrong, and where. */
struct sheet_fault {
    unsigned line;  /* 1 is the first */
    bool warning;   /* the file is usable */
    char text[240]; /* names thing, value and remedy */
};

struct sheet {
    yaml_document_t document;
    bool open;
    char about[96];  /* begins the text of each fault: 'rule "x": ', or "" */
    const char *key; /* "when.category": stands behind it, or NULL */
    struct sheet_fault *faults;
    size_t fault_count, error_count;
    bool tolerant; /* what names something unknown is a warning */
};

/* Of zeroed memory.  0, or FAIL_MALFORMED with at least one fault. */
int sheet_open (struct sheet *sheet, const char *at, size_t len, size_t most);
/* Ends the document; the faults stay, and are the caller's to free. */
void sheet_close (struct sheet *sheet);

/* Adds a fault (an error, or a warning); the last one that has room says that there are more.  Values
 * of outside go through log_text. */
__attribute__ ((format (printf, 3, 4))) void sheet_error (struct sheet *sheet, unsigned line,
                                                          const char *format, ...);
/* Names what is not known here: an error, in a tolerant sheet a warning. */
__attribute__ ((format (printf, 3, 4))) void sheet_unknown (struct sheet *sheet, unsigned line,
                                                            const char *format, ...);
__attribute__ ((format (printf, 3, 4))) void sheet_warning (struct sheet *sheet, unsigned line,
                                                            const char *format, ...);
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
