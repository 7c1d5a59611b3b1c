/* notifier.h - everything aduan-notifier knows, to be read first.
 *
 *     outbox row (store) -> CLAIM -> notice x n -> open the contact -> compose -> gateway -> TOLD
 *
 * Rows are truth: a notice is `sending` in PostgreSQL from the claim's commit until its dispatch is
 * told, so this program keeps nothing on disk.  Where it dies with a dispatch in its hands, the
 * store makes those notices `unknown`; for that reason claims are small.
 *
 *   claim.c     conversation with the store: dispatches, told until heard
 *   contact.c   opens a sealed contact, in memory that is locked and wiped
 *   compose.c   notice + contact -> letter; pure
 *   smtp.c      hands letters to the gateway on threads of its own
 *   retry.c     what a gateway's behaviour means; when to leave it alone; pure
 *   webhook.h   batches of the feed, to those who submit for others
 */
#ifndef ADUAN_NOTIFIER_H
#define ADUAN_NOTIFIER_H

#include "daemon/daemon.h"
#include "webhook.h"

/* ---- contact.c ------------------------------------------------------------------------------ */

#define CONTACT_MAX 4096 /* bytes, sealed; messages.def says the same */

/* The clear text of a contact.  Everything lies in `memory` (sodium_malloc: locked, kept out of core
 * dumps, wiped when freed) and every view points into it. */
struct contact {
    uint8_t *memory;
    struct view kind; /* "email" is what this program can reach */
    struct view address;
    struct view message_id; /* of the mail that the complaint came by; may be empty */
    struct view references; /* may be empty */
    uint32_t language;      /* enum language, 0 where the contact does not say */
};

/* Opens `sealed` with contact-<key_id>.key of folder `keys` (64 hexadecimal digits, X25519).
 * 0 and *ret (end it with contact_done); FAIL_ABSENT: no such key, or not readable;
 * FAIL_CORRUPT: the key is not one, or does not open it, or what is inside is not a contact.
 * Format: PROTOCOL.md, sealed parts. */
int contact_open (const char *keys, uint64_t key_id, struct view sealed, struct contact *ret);
void contact_done (struct contact *contact);

/* ---- compose.c ------------------------------------------------------------------------------ */

#define LETTER_HEADERS 9

/* A mail as the gateway gets it.  Owns its texts; letter_done wipes and frees them. */
struct letter {
    char *to; /* bare address */
    char *headers
        [LETTER_HEADERS]; /* "Name: value", one line each, no CR, LF, NUL, at most 998 bytes */
    unsigned header_count;
    struct buffer text; /* UTF-8, lines end in CRLF */
};

/* What every letter of this installation has in common; borrowed. */
struct letterhead {
    const char *from;     /* bare address */
    const char *name;     /* display name beside it */
    const char *domain;   /* right side of the Message-ID */
    const char *tracking; /* base of tracking addresses; "" for none */
};

/* The letter of a notice.  `now` is wall time, ms.
 * 0 and *ret; FAIL_ABSENT: no template of that key; FAIL_REFUSED: the address is not one that we
 * would send to (address_valid). */
int letter_compose (const struct msg_notice *notice, const struct contact *contact,
                    const struct letterhead *head, int64_t now, struct letter *ret);
void letter_done (struct letter *letter);

/* "<", printable ASCII without white space and angle brackets around one "@", ">". */
bool message_id_valid (struct view id);

/* Appends `text` as a header value: as it is where it is plain ASCII, else as RFC 2047 encoded-words.
 * FAIL_MALFORMED, nothing appended, where it holds a control character or is not UTF-8. */
int header_words (struct view text, struct buffer *out);

/* ---- retry.c -------------------------------------------------------------------------------- */

/* How far an SMTP conversation got.  Rises only. */
enum stage {
    STAGE_OPEN, /* connecting, greeting, TLS, login */
    STAGE_MAIL, /* MAIL FROM was said */
    STAGE_RCPT, /* RCPT TO was said */
    STAGE_DATA, /* DATA was said */
    STAGE_TEXT, /* 354 came: the text is being handed over, its end certainly was not said */
    STAGE_DOT,  /* all of the text was handed over: the gateway may have taken it */
};

struct judgement {
    enum told told;
    uint64_t code; /* for `told`: SMTP reply, or 10,000 + libcurl's error */
    bool gateway;  /* the gateway is at fault and not this letter: counts for the breaker */
};

/* What became of a letter.  `reply` is the last reply to what was said at `stage`, 0 where none came;
 * `error` is libcurl's, 0 for success. */
struct judgement retry_judge (enum stage stage, unsigned reply, int error);

#define BREAKER_FAULTS     5
#define BREAKER_FIRST_MS   5000
#define BREAKER_LONGEST_MS 600000

/* Leaves a broken gateway alone: after BREAKER_FAULTS faults in a row nothing is claimed for a while
 * that doubles, then one notice is claimed as a probe.  Zero-initialised: closed. */
struct breaker {
    unsigned faults;      /* in a row */
    int64_t until;        /* mono_ms; 0 while closed */
    int64_t pause;        /* ms, the last one drawn without jitter */
    bool probing;         /* the pause is over and one notice is under way */
    struct outage outage; /* said once when it begins, once when it ends */
};
/* How many notices may be claimed now, at most `wanted`. */
unsigned breaker_allows (const struct breaker *breaker, int64_t now, unsigned wanted);
/* A claim goes out while half open. */
void breaker_probes (struct breaker *breaker);
/* Open, and what was claimed is no probe: it was claimed before the breaker opened. */
bool breaker_resting (const struct breaker *breaker);
/* The probe brought nothing to send: the next claim may probe again. */
void breaker_idle (struct breaker *breaker);
/* One outcome.  True when the breaker has just opened: what is not begun should be given back. */
bool breaker_saw (struct breaker *breaker, const struct judgement *judgement, int64_t now);
bool breaker_open (const struct breaker *breaker);

/* ---- smtp.c --------------------------------------------------------------------------------- */

struct smtp_settings {
    const char *url;    /* smtp://host:port or smtps://host:port */
    const char *domain; /* said in EHLO */
    const char *from;
    const char *user;     /* "" for no login */
    const char *password; /* file; read at start */
    const char *tls;      /* none, try, all */
    unsigned parallel;    /* letters under way at once, a thread each */
    int64_t connect_ms, letter_ms;
};

/* One letter on its way.  The caller makes it, smtp owns it from smtp_send until it is given to
 * `done`, which frees it with mail_free. */
struct mail {
    struct mail *next;
    struct letter letter;
    void *with;       /* the caller's */
    enum stage stage; /* results: set by the sending thread */
    unsigned reply;
    int error;
    size_t read; /* of letter.text, by libcurl so far */
};
void mail_free (struct mail *mail);

struct smtp;
/* Called on the reactor's thread. */
typedef void smtp_done_fn (void *owner, struct mail *mail);

/* Starts the threads.  0 and *ret, FAIL_ABSENT where the password file cannot be read. */
int smtp_new (struct reactor *reactor, const struct smtp_settings *settings, smtp_done_fn *done,
              void *owner, struct smtp **ret);
/* Takes *mail. */
void smtp_send (struct smtp *smtp, struct mail **mail);
/* Breaks off what is under way, ends the threads and frees what nobody will be told of. */
void smtp_destroy (struct smtp **smtp);

/* ---- claim.c -------------------------------------------------------------------------------- */

#define DISPATCHES_MAX 8   /* claims in hand at once, also those that only wait to be heard */
#define NOTICES_MAX    256 /* of one dispatch; settings ask for fewer */

/* WAITING -> SENDING -> DONE; WAITING -> DONE where it cannot or shall not be sent. */
enum notice_state { NOTICE_WAITING, NOTICE_SENDING, NOTICE_DONE };

struct notice {
    struct parcel parcel; /* what the store said; empty once DONE */
    struct dispatch *dispatch;
    enum notice_state state;
    enum told told; /* once DONE */
    uint64_t code;
};

/* FILLING -> SENDING -> TELLING -> gone.  While FILLING nothing is sent: `claimed` must come first,
 * or the link may break in the middle and the store would not know which notices we have. */
enum dispatch_state { DISPATCH_FILLING, DISPATCH_SENDING, DISPATCH_TELLING, DISPATCH_STATES };

struct dispatch {
    struct dispatch *prev, *next; /* notifier->dispatches */
    struct id id;
    uint64_t ref; /* of the claim that brought it */
    enum dispatch_state state;
    struct notice *notices; /* by position; fixed once FILLING is over */
    unsigned count, done;
    uint64_t told_ref;
    int64_t told_at; /* mono_ms of the last `told`; 0: not said since the link came up */
};

struct notifier {
    struct reactor *reactor;
    struct link *store;
    struct webhooks *webhooks;
    struct smtp *smtp; /* NULL: no gateway is set, nothing is claimed */
    struct breaker breaker;
    struct dispatch *dispatches;
    unsigned dispatch_count;
    unsigned held;             /* notices of all dispatches */
    unsigned waiting, sending; /* notices of state WAITING in SENDING dispatches; under way */
    bool claiming;             /* a claim is not answered yet */
    uint64_t claim_ref;
    struct id claim_dispatch; /* the number that its dispatch will have */
    unsigned claim_count;     /* what it asked for */
    int64_t claim_at;         /* mono_ms */
    bool hinted;              /* the next claim may go out: there is news, or it will stand */
    bool draining;
    int64_t drain_until; /* mono_ms: no longer for an unanswered claim */
    uint64_t next_ref;
    struct timer *timer;      /* the scan behind the hints, and the repeats of told */
    struct letterhead head;   /* points into `texts` */
    char *keys;               /* folder, owned */
    char *texts[4];           /* what `head` points to, owned */
    unsigned claim, parallel; /* settings */
    int64_t scan_ms;
};

extern const struct link_hooks claim_hooks;
/* Claims if there is reason and room; starts what waits; tells what is done. */
void claim_turn (struct notifier *notifier);
void at_scan (void *owner);
void on_mail_done (void *owner, struct mail *mail);
/* Gives back whatever was not begun; true when nothing is left in hand. */
bool claim_drain (struct notifier *notifier);
void claim_end (struct notifier *notifier);
void claim_show (const struct notifier *notifier, struct buffer *out);

/* ---- notifier.c ----------------------------------------------------------------------------- */

extern const struct setting notifier_settings[];
extern const size_t notifier_settings_len;
bool notifier_settings_right (const struct settings *settings);
int notifier_start (struct reactor *reactor, const struct settings *settings, void **ret_state);
void notifier_reload (void *state, const struct settings *settings);
bool notifier_drain (void *state);
void notifier_stop (void **state);
bool notifier_show (void *state, const char *what, struct buffer *out);

#endif
