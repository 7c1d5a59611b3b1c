/* open311.h - what the files of Open311 share (docs/channels.md, "Open311").
 *
 *     path, key -> noun -> asks or submits -> one tree (jansson) -> XML or JSON
 *
 *   open311.c           addresses, formats, keys, faults, answers
 *   open311_write.c     the tree in both formats
 *   open311_discovery.c where the services are
 *   open311_service.c   categories as services, their attributes
 *   open311_list.c      requests as everybody may read them
 *   open311_rows.c      what is longer than one answer of aduan-query
 *   open311_request.c   a request comes in
 *   open311_photo.c     the files that come with it
 *   open311_update.c    what happened, and what the client says to its own cases
 */
#ifndef ADUAN_OPEN311_H
#define ADUAN_OPEN311_H

#include "../client.h"
#include "../web.h"

#define OPEN311_ROWS_MOST 1000       /* of a list (GeoReport v2, "Response Volume") */
#define OPEN311_SPAN_MS   7776000000 /* 90 days */

/* The work of a visit here; `more` is of its noun. */
struct open311 {
    bool json, test; /* format; of the endpoint where nothing is kept */
    bool bare;       /* its type goes without a charset: discovery */
    bool known;      /* `client` presented its key */
    struct client client;
    char *noun, *id;   /* "requests", "A1B2..."; id "": none */
    const char *about; /* what {what} in a fault's text is */
    void *more;
    void (*more_free) (void *more);
};

/* ---- open311.c --------------------------------------------------------------------------------- */

struct open311 *open311_of (struct visit *visit);
/* A parameter of the form, or behind the question mark; NULL: absent, or empty, which is the same. */
const char *open311_form (struct visit *visit, const char *name);
const char *open311_query (struct visit *visit, const char *name);
/* Refuses, with {what} of the text. */
void open311_refuse (struct visit *visit, unsigned status, const char *why, const char *about);
/* Whose api_key it is.  False, and answered: it is nobody's, there is none, or it has come too often.  Where none is `needed`
 * one that is nobody's is none. */
bool open311_key (struct visit *visit, bool needed);
/* Refuses what intake has not taken: its own fault, or a matter of time. */
void open311_unsent (struct visit *visit, const struct aduan_submitted *result);
/* Answers with the tree, which it takes; an array's root element is `root`. */
void open311_answer (struct visit *visit, unsigned status, const char *root, json_t *tree);
/* A moment of W3C's form; of a plus that came as a blank, too. */
bool open311_moment_read (const char *text, int64_t *ret_ms);
/* From start_date until end_date; false, and answered: they are no moments, or too far apart.  The end is now, the start
 * `span_ms` before the end, where they are not said. */
bool open311_range (struct visit *visit, int64_t span_ms, int64_t *ret_from, int64_t *ret_until);
/* Page and rows of a page; false, and answered: they are none. */
bool open311_paging (struct visit *visit, unsigned *ret_page, unsigned *ret_size);
/* Degrees as 1e-7 degree; false: they are none. */
bool open311_point (const char *latitude, const char *longitude, int64_t *ret_latitude,
                    int64_t *ret_longitude);
/* The tracking number that an identifier is, in its own form; false: it is none. */
bool open311_number (const char *id, char ret[ADUAN_NUMBER_SIZE]);

/* ---- open311_write.c --------------------------------------------------------------------------- */

/* Appends the tree; `root` is the name of its element. */
void open311_write_xml (const char *root, const json_t *tree, struct buffer *out);
void open311_write_json (const json_t *tree, struct buffer *out);
/* How many bytes of a well-formed text, at most `most`, end between its letters. */
size_t open311_cut (const char *text, size_t most);
/* Sets a text of a tree's object: what XML cannot hold is replaced, "" and NULL are null. */
void open311_say (json_t *object, const char *key, const char *text);
/* Sets a moment, as W3C has it, without fractions; null where there is none: XML leaves it out. */
void open311_say_moment (json_t *object, const char *key, int64_t at_ms);
/* The same of a moment that PostgreSQL wrote; NULL: none. */
void open311_say_written (json_t *object, const char *key, const char *written);
void open311_moment (int64_t at_ms, char ret[21]);

/* ---- nouns ------------------------------------------------------------------------------------- */

void open311_discovery (struct visit *visit);
void open311_services (struct visit *visit);
void open311_service (struct visit *visit);
/* The row of web_categories of a service_code; NULL: there is none. */
const json_t *open311_category (const json_t *categories, const char *code);
bool open311_code_number (const char *code, uint32_t *ret);
/* What was said to an attribute of a service's definition; NULL: nothing. */
const char *open311_attribute (struct visit *visit, const char *code);

void open311_requests (struct visit *visit);
void open311_request (struct visit *visit);
void open311_token (struct visit *visit);
void open311_request_take (struct visit *visit);
void open311_updates (struct visit *visit);
void open311_update_take (struct visit *visit);

#endif
