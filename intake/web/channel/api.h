/* api.h - inside the integrators' API: docs/openapi-public.yaml says what it takes and answers.
 *
 *   api.c          addresses; who calls, and how he is refused; the registry
 *   api_read.c     a body against a table of its members: whatever is not in the table is refused by name
 *   api_report.c   reports and a reporter's words, into intake
 *   api_file.c     files, before the report that names them
 *   api_feed.c     what became of one's own reports: one by one, and as a feed
 *   api_sandbox.c  the same for a sandbox token, whose reports are kept here alone
 */
#ifndef ADUAN_WEB_API_H
#define ADUAN_WEB_API_H

#include "../client.h"
#include "../web.h"

#define API_KEY_MOST   128    /* bytes of an Idempotency-Key */
#define API_BODY_MOST  262144 /* bytes of a report, of 10,000 signs and all escaped */
#define API_FEED_MOST  500    /* events of a page */
#define API_FEED_PAGE  100    /* where no number is said */
#define API_WAIT_MOST  25     /* seconds of a long poll: proxies cut after 30 and more */
#define API_STAMP_SIZE 25

/* A request on its way; visit->work. */
struct call {
    struct client client; /* a copy: the list may change while it waits */
    json_t *body;
    /* of a report or a word */
    const char *word; /* "reports", or the kind of word: as in the address */
    uint32_t kind;    /* enum aduan_kind */
    char key[API_KEY_MOST + 1];
    uint64_t created;
    struct id trial; /* of a sandbox: follows from account, key and created, as an id does */
    char number[ADUAN_NUMBER_SIZE], code[ADUAN_CODE_SIZE];
    uint8_t digests[FILES_MOST * DIGEST_BYTES];
    unsigned file_count;
    bool quiet;   /* no news of it go to its contact: limit_contact */
    size_t field; /* of a form, the next one that may be a file */
    /* of a feed */
    unsigned most;
    struct timer *timer;
    int64_t until_ms; /* mono_ms at which a long poll is answered, come what may */
    bool polls;       /* it is counted among those that wait */
    char cursor[65];
};
static inline struct call *call_of (const struct visit *visit)
{
    return visit->work;
}

/* ---- api.c ------------------------------------------------------------------------------------- */

/* Finds out who calls, and counts it.  NULL, and answered: nobody, or too often. */
struct call *api_begin (struct visit *visit);
/* Answers with a problem (RFC 9457).  `field`: the member, header or parameter at fault; NULL: none. */
void api_problem (struct visit *visit, unsigned status, const char *code, const char *field);
/* Answers with `values`, and takes them. */
void api_answer (struct visit *visit, unsigned status, json_t *values);
/* Was there a fault while it asked?  Then it is answered. */
bool api_failed (struct visit *visit);
/* Writes ms since 1970 as RFC 3339 has it. */
void api_stamp (uint64_t ms, char ret[API_STAMP_SIZE]);
/* A whole number of the query, `standard` where it is absent.  False, and answered: it is none, or out of bounds. */
bool api_parameter (struct visit *visit, const char *name, unsigned least, unsigned most,
                    unsigned standard, unsigned *ret);

/* ---- api_read.c -------------------------------------------------------------------------------- */

enum member_kind {
    MEMBER_TEXT,    /* at most `most` signs */
    MEMBER_NUMBER,  /* 1 to `most`, whole */
    MEMBER_DEGREE,  /* between -most and most */
    MEMBER_FLAG,    /* true or false */
    MEMBER_MOMENT,  /* RFC 3339 with its zone */
    MEMBER_WORD,    /* one of `words` */
    MEMBER_DIGESTS, /* handles of files, 64 hexadecimal digits each */
    MEMBER_OBJECT,  /* `inside` */
};
struct member {
    const char *name;
    enum member_kind kind;
    size_t most;
    bool needed;
    const char *const *words; /* ends with NULL; the first one is 1 on the wire */
    const struct member *inside;
    size_t inside_count;
    bool (*right) (struct view text); /* of a text, beside its length; NULL: any */
};
/* Reads the body into call->body.  False, and answered: it is no JSON, or no object of these members. */
bool api_read (struct visit *visit, const struct member *members, size_t count);
/* A text of an object, "" where it is absent. */
const char *api_text (const json_t *object, const char *name);
/* Where the word of a member stands among its words, from 1; 0: absent. */
uint32_t api_word (const json_t *object, const char *name, const char *const *words);
/* enum aduan_flag of a member that is true or false; 0: absent. */
uint32_t api_flag (const json_t *object, const char *name);
/* A moment with its zone as RFC 3339 has it, in ms. */
bool api_moment (const char *text, uint64_t *ret_ms);

/* ---- doors, each in its file --------------------------------------------------------------------- */

void api_report (struct visit *visit);
void api_word_take (struct visit *visit);
void api_file_put (struct visit *visit);
void api_files_post (struct visit *visit);
void api_events (struct visit *visit);
void api_own (struct visit *visit);
void api_own_by_reference (struct visit *visit);

/* ---- api_sandbox.c ------------------------------------------------------------------------------- */

struct sandbox;
struct sandbox *sandbox_new (void);
void sandbox_free (struct sandbox **sandbox);
/* Takes a report, or a word on one, as intake would: ACCEPTED or REJECTED in *ret.  False: a word on a report that is not here. */
bool sandbox_take (struct sandbox *sandbox, const struct call *call, struct aduan_submitted *ret);
/* The reports of this number or reference, as web_own has them. */
json_t *sandbox_own (const struct sandbox *sandbox, uint32_t principal, const char *name);
/* A page of the feed, as web_feed has it. */
json_t *sandbox_feed (const struct sandbox *sandbox, uint32_t principal, const char *cursor,
                      unsigned most);

#endif
