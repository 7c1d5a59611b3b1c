/* question.h - complaints as people and programs describe them, and decisions as they read them.
 *
 * Fields of a complaint: title, text, location, place, category, class, channel, priority, target,
 * latitude, longitude, received, refusers (codes, a blank between two), suggested.
 */
#ifndef ADUAN_QUESTION_H
#define ADUAN_QUESTION_H

#include "basis.h"

/* The value of a field, false: not said.  It lives as long as the question. */
typedef bool field_fn (void *from, const char *name, struct view *ret);

/* 0, or FAIL_MALFORMED with *ret_why, which names field and value (good until the next call). */
int question_read (const struct registry *registry, field_fn *field, void *from,
                   struct question *ret, const char **ret_why);

/* "place" or "category": what the registry does not know of it, NULL: nothing.  The router takes of such a
 * place the nearest above it that is known, and leaves such a category out. */
const char *question_unknown (const struct registry *registry, const struct question *question);

/* {"agency": code, "function": code, "rung": 0 to 6, "confidence": 0 to 1, ...}, with every view in the
 * reader's language. */
json_t *decision_json (const struct basis *basis, const struct decision *decision);
/* The same in lines; `place_name` of its place, "" where none is known. */
void decision_print (const struct basis *basis, const struct decision *decision,
                     const char *place_name);
/* One line of JSON on standard output, numbers to the third decimal; freed. */
void put_line (json_t *value);

/* One view of the record in the reader's language.  A code that is not known stands as it is. */
void view_text (struct buffer *out, unsigned rung, const char *code, const char *parameter);
/* Does the record say this of that rung, with that parameter? */
bool decision_said (const struct decision *decision, unsigned rung, const char *code,
                    const char *parameter);
/* "" where it is 0. */
const char *agency_code (const struct registry *registry, uint32_t number);

#endif
