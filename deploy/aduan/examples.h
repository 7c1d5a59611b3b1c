/* examples.h - confirmed outcomes to learn from: a file of JSON lines or CSV, a line each with
 *
 *     text, and title    what was written
 *     label              who it was for in the end
 *     place, category, latitude, longitude    as the router will know them; may be absent
 *     time               when; or
 *     id                 what sorts as time does (numbers as numbers); without both the file's order counts
 */
#ifndef ADUAN_EXAMPLES_H
#define ADUAN_EXAMPLES_H

#include "decide/model_inside.h"
#include "record.h"

#define EXAMPLES_MOST     1000000
#define FEATURES_ALL_MOST (96 << 20) /* of all examples: 768 MiB */

struct example {
    uint32_t label, features; /* how many */
    size_t first;             /* of its features */
    int64_t time;             /* ms UTC, 0: not said */
    const char *id;           /* "": not said */
    uint64_t line;
};

struct examples {
    struct example *at; /* the oldest first */
    size_t count, room;
    struct feature *features;
    size_t feature_count, feature_room;
    char **labels; /* in the order of the alphabet */
    size_t label_count;
    bool timed;
};

/* Called for each line that is no example; the message names what is wrong, in English. */
typedef void example_fault_fn (void *hint, uint64_t line, const char *fault);

/* Reads `file`, which it closes.  0; FAIL_MALFORMED after faults (of which it tells the first
 * EXAMPLE_FAULTS_MOST; line 0 is of the whole file); FAIL_IO. */
#define EXAMPLE_FAULTS_MOST 20
int examples_read (FILE *file, const char *name, example_fault_fn *fault, void *hint,
                   struct examples *ret);
void examples_free (struct examples *examples);

/* What a record says of itself, as a model reads it.  NULL, or what is wrong with it. */
const char *record_read (struct record *record, struct text *text, struct model_facts *facts);

#endif
