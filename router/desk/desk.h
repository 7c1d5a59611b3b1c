/* desk.h - everything aduan-desk knows, to be read first.
 *
 *     browser or program -> HTTP -> visit -> route -> asks (aduan-query) or says (router -> store) -> page or JSON
 *
 *   desk.c     settings, start, stop; which visit goes where
 *   route.c    the table of addresses, and what each asks for
 *   stay.c     whoever reads for long stays logged in
 *   gate.c     how often one source may have a password hashed (gate.h)
 *   twice.c    a button pressed twice takes one case
 *   visit.c    one request on its way: whose session, which language, what it said
 *   page.c     asks what a page or an answer in JSON needs, and shows it
 *   search.c   cases found by words, by number, by what they are
 *   figures.c  how much is open and late below whom
 *   export.c   the official table as a download
 *   change.c   what was changed, by whom
 *   act.c      acts on cases: one, many at once, a lease renewed; the next case
 *   order.c    log in and out, invitations, people, the tree, templates
 *   typed.c    a report typed for who reports it
 *   file.c     attachments: into the content store and out of it
 *   words.c    texts by key, times and the like as people read them
 *   qr.c       a QR code as the path of an SVG
 *   scrape.c   metrics of all programs of this host, for Prometheus, at a door of its own (scrape.h)
 *
 * The desk knows nobody: it carries the session's token to the store and to aduan-query, which look it up.
 * It holds a front key, no password, and nothing that a restart loses: no page has state here.  What it remembers for a while -
 * who was shown a page, who took a case, who logged in from where - only spares others work.
 *
 * A visit is ASKING while its `asked` is not 0, then it is answered.  Each thing that is asked ends within
 * ASK_MS or ACT_MS (libaduan's deadlines), or after a second where nobody has been there for FRONT_AWAY_MS, so a visit ends.
 */
#ifndef ADUAN_DESK_H
#define ADUAN_DESK_H

#include <jansson.h>
#include "client/aduan.h"
#include "content/brought.h"
#include "daemon/daemon.h"
#include "gate.h"
#include "http/reply.h"
#include "http/template.h"
#include "scrape.h"

#define SESSION_BYTES 32
#define ASK_MS        10000
#define ACT_MS        20000
#define PULL_MS                                                                                    \
    5000 /* that there is no case must come from the store; that it is away is said soon */
#define LEASE_MS     600000 /* of a case that a person pulled; renewed while its page is open */
#define BODY_MOST    262144 /* bytes of a form or of JSON */
#define FILE_MOST    CONTENT_BYTES_MOST
#define FILES_MOST   CONTENT_FILES_MOST
#define BULK_MOST    100 /* cases of one bulk act */
#define DIGEST_BYTES CONTENT_DIGEST_BYTES
#define JSON_MOST    4000 /* values in a program's body: each takes some 100 bytes, read */

struct visit;
struct twice;

/* One query of aduan-query, asked for a page.  An argument is "=constant", ":parameter of the path",
 * "?parameter of the query" or "?parameter|what it is where it is not said"; "$field of the form"; "@zone": hours east of UTC in which times are shown. */
struct question {
    const char *key;   /* under which its rows stand in the page's values */
    const char *query; /* "desk_case" */
    bool one;          /* its first row alone; none at all is "not found" */
    const char *arguments[10];
};

struct route {
    enum http_method method;
    const char
        *pattern; /* "/cases/:number", "/tree/+code": the rest of the path, slashes and all */
    const char *template; /* NULL: the values as JSON */
    bool open;            /* also for whoever is not logged in */
    void (*run) (struct visit *visit);
    void (*shape) (
        struct visit *visit);         /* adds to the values what follows from them; may be NULL */
    const struct question *questions; /* up to one without a key; may be NULL */
};

/* When a session was last said to go on: stay.c. */
struct stay {
    uint8_t tag[8];
    int64_t said; /* mono_ms */
};

struct desk {
    struct reactor *reactor;
    struct http_server *server;
    struct aduan_loop *loop;
    struct aduan *aduan;
    struct aduan *taking; /* to intake, for what is typed here */
    struct content *content;
    bool tls; /* TLS stands before the door: cookies are Secure, their names begin with __Host- */
    bool up;  /* started; false while it drains */
    int zone; /* hours east of UTC in which times are shown */
    struct stay stays[1024];
    struct gate *gate;
    struct twice *twice;
    struct scraper *scraper;
    char *origin; /* as browsers name this door, "" : whatever Host says */
};

/* One request on its way to its answer; it lives as long as the request. */
struct visit {
    struct desk *desk;
    struct http_request *request;
    const struct route *route;
    struct http_parts parts; /* of the path */
    bool api;                /* wants JSON, is a program: bearer token, no CSRF */
    bool english;
    bool has_session;
    bool (*leap) (
        struct visit
            *visit); /* before its page is shown: true, it was answered otherwise; may be NULL */
    bool looked;     /* a look at what is secret was ordered, or is not needed */
    uint8_t session[SESSION_BYTES];
    json_t *body;    /* what an API call brought */
    json_t *values;  /* of its page */
    unsigned asked;  /* answers that are not there yet */
    unsigned fault;  /* HTTP status, 0: none so far */
    const char *why; /* key of the text that goes with it */
    char detail[66];
    struct {
        uint8_t digests[FILES_MOST * DIGEST_BYTES];
        unsigned count;
    } files;
    void (*then) (struct visit *visit);   /* once its files are stored */
    void (*proved) (struct visit *visit); /* once its session is somebody's */
    void *work;                           /* of its handler; freed with it */
    const char *order;                    /* that it gives */
    aduan_ordered_fn *ordered;
    bool inside; /* the gate, from `source` */
    struct http_source source;
    struct visit *next_waiting; /* twice.c */
    const char *greets;         /* template of a page that is shown once it is known who reads */
};

/* ---- route.c ---------------------------------------------------------------------------------- */

/* The route of the visit's request, its parameters set.  NULL: there is none; *ret_other: but one for
 * another method. */
const struct route *route_find (struct visit *visit, bool *ret_other);
const char *visit_parameter (const struct visit *visit, const char *name);

/* ---- stay.c ----------------------------------------------------------------------------------- */

/* The visit's session, which was found good, goes on. */
void stay_on (struct visit *visit);
/* Goes on with `then` once aduan-query has said that the visit's session is somebody's: before what a stranger could have done
 * at others' cost.  Else it is refused, 401, with what was typed; where nobody can be asked whoever is remembered goes on. */
void stay_prove (struct visit *visit, void (*then) (struct visit *visit));
/* Was it found good here within half an hour? */
bool stay_known (struct desk *desk, const uint8_t session[SESSION_BYTES]);

/* ---- twice.c ---------------------------------------------------------------------------------- */

struct twice *twice_new (void);
/* Every visit must have been answered. */
void twice_free (struct twice **twice);
/* A pull with the key that it came with.  True: somebody in this session has pulled with this key, and the visit is, or will
 * be, answered as he was.  False: it is the first; its answer is told by twice_answer. */
bool twice_seen (struct visit *visit);
/* Answers it and whoever waited for it: goes on at `path`; NULL: it failed, as `status` and `why` say.  Where it took no case
 * nothing is remembered: it may be tried again at once. */
void twice_answer (struct visit *visit, bool took, const char *path, unsigned status,
                   const char *why);

/* ---- visit.c ---------------------------------------------------------------------------------- */

struct visit *visit_new (struct desk *desk, struct http_request *request);
/* The session that a request names; false: none. */
bool session_of (const struct desk *desk, struct http_request *request, uint8_t ret[SESSION_BYTES]);
/* A field of the form or of the JSON body as text, NULL: absent.  Numbers of JSON are written out. */
const char *visit_said (struct visit *visit, const char *name);
/* The same as a number; 0 where absent or none. */
uint64_t visit_number (struct visit *visit, const char *name);
/* 32 hexadecimal digits, with or without hyphens; false: absent or none. */
bool visit_id (struct visit *visit, const char *name, uint8_t ret[16]);
/* The idempotency key that came with it, or a fresh one. */
void visit_key (struct visit *visit, uint8_t ret[16]);
/* Does what was sent come from a page of ours, seen in this session? */
bool visit_ours (struct visit *visit);
/* For a page that says that nothing came of it: what was typed, and the case it was for. */
void visit_typed (struct visit *visit);
/* Remembers the first fault. */
void visit_fail (struct visit *visit, unsigned status, const char *why);
/* Answers: the fault, as page or problem+json. */
void visit_refuse (struct visit *visit, unsigned status, const char *why);
void visit_page (struct visit *visit, unsigned status, const char *template);
/* Sets or (NULL) ends the session's cookie. */
void visit_cookie (struct visit *visit, const uint8_t *session);
/* A path on this door, or `otherwise`. */
const char *visit_back (struct visit *visit, const char *name, const char *otherwise);
/* What waits for several answers: visit_wait before each is asked for, visit_came when it is there; the
 * last one calls `finish`. */
void visit_wait (struct visit *visit);
void visit_came (struct visit *visit, void (*finish) (struct visit *visit));

/* ---- page.c ----------------------------------------------------------------------------------- */

/* Asks the route's questions and who reads, then shows the page. */
void page_show (struct visit *visit);
/* Asks one question more, for the values under `key`, then `finish`. */
void page_ask (struct visit *visit, const struct question *question,
               void (*finish) (struct visit *visit));
/* Shows a page that has all its values but who reads ("fault": that of visit_fail); where that cannot be read it is shown
 * all the same. */
void page_greet (struct visit *visit, const char *template);
/* What each page shows beside its own: who reads, CSRF token, language, where he is. */
void page_values (struct visit *visit);
void page_case (struct visit *visit);
void page_inbox (struct visit *visit);
void page_late (struct visit *visit);
void page_agency (struct visit *visit);
void page_account (struct visit *visit);

/* A list of one row more than was asked for: there is more (`more`), behind its last one, which is returned, the values'.  NULL:
 * there is not. */
json_t *page_cut (struct visit *visit, const char *key, size_t most);

/* ---- search.c --------------------------------------------------------------------------------- */

/* Shows what is found; 422 where a filter is none; straight to the case whose number was asked for. */
void search_show (struct visit *visit);
void page_search (struct visit *visit);

/* ---- figures.c -------------------------------------------------------------------------------- */

void page_watch (struct visit *visit);
/* The same as a table for a spreadsheet. */
void figures_table (struct visit *visit);

/* ---- export.c --------------------------------------------------------------------------------- */

/* The table of DOMAIN 4.4, below whom the reader coordinates; 403 for who does not, 422 where it is too large to be made at once. */
void export_table (struct visit *visit);

/* ---- change.c --------------------------------------------------------------------------------- */

void changes_show (struct visit *visit);
void page_changes (struct visit *visit);

/* ---- act.c ------------------------------------------------------------------------------------ */

void act_one (struct visit *visit);
void act_many (struct visit *visit);
void act_renew (struct visit *visit);
void act_next (struct visit *visit);
/* The acts that fit: adds `acts`, the viewer's assignment as `own` to the values of a case. */
void act_offer (struct visit *visit);

/* ---- order.c ---------------------------------------------------------------------------------- */

void order_login (struct visit *visit);
void order_logout (struct visit *visit);
void order_invitation (struct visit *visit);
void order_one (struct visit *visit);
void order_language (struct visit *visit);

/* ---- typed.c ---------------------------------------------------------------------------------- */

/* The form of a report that somebody types for who reports it, and what becomes of it. */
void page_typed (struct visit *visit);
void typed_take (struct visit *visit);

/* ---- file.c ----------------------------------------------------------------------------------- */

/* Are there any in the visit's form? */
bool files_brought (const struct visit *visit);
/* Stores the files of the visit's form, then calls visit->then; digests are in visit->files.  What is
 * too large, too many or of no kind that is taken refuses the visit. */
void files_take (struct visit *visit, void (*then) (struct visit *visit));
void file_show (struct visit *visit);
/* content.h's question, of `owner`, a desk. */
void files_ask (void *owner, const uint8_t *digests, size_t count);

/* ---- words.c ---------------------------------------------------------------------------------- */

/* The text of a key in the visit's language; NULL: no such key. */
const char *desk_word (const struct visit *visit, const char *key);
/* A moment that PostgreSQL wrote, as people read it; false, and nothing: it is none. */
bool desk_moment (struct visit *visit, const json_t *value, struct buffer *out);
/* The same as "2026-11-27 15:20" where times are shown; nothing where it is none. */
void desk_stamp (struct visit *visit, const json_t *value, struct buffer *out);
/* The text of a key that is there in both languages, a line each, for whom we know nothing of; the caller's. */
char *desk_both (const char *key);
struct template_set desk_templates (struct visit *visit);
/* An asset by its name, answered; false: there is none. */
bool desk_asset (struct http_request *request, const char *name);

/* ---- qr.c ------------------------------------------------------------------------------------- */

/* An SVG path of the dark modules and, in *ret_side, how many there are in a row.  NULL: too long.  The
 * caller frees it. */
char *qr_path (const char *text, int *ret_side);

/* ---- desk.c ----------------------------------------------------------------------------------- */

extern const struct setting desk_settings[];
extern const size_t desk_settings_len;
bool desk_settings_right (const struct settings *settings);
int desk_start (struct reactor *reactor, const struct settings *settings, void **ret_state);
bool desk_drain (void *state);
void desk_stop (void **state);
void desk_measure (void *state);
bool desk_show (void *state, const char *what, struct buffer *out);

#endif
