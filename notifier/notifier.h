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
 *   gateway.h   the ways out: mail, SMS, WhatsApp
 *   spending.h  what SMS have cost today;  night.h  when people sleep
 *   stops.c     by which hash an address is known that wants no news
 *   confirm.c   the one letter that no row asks for: news were stopped, or go on
 *   report.c    what gateways say later, from aduan-web on to the store
 *   webhook.h   batches of the feed, to those who submit for others
 */
#ifndef ADUAN_NOTIFIER_H
#define ADUAN_NOTIFIER_H

#include "daemon/daemon.h"
#include "gateway.h"
#include "spending.h"
#include "webhook.h"

/* ---- contact.c ------------------------------------------------------------------------------ */

#define CONTACT_MAX 4096 /* bytes, sealed; messages.def says the same */

struct notifier;

/* The clear text of a contact.  Everything lies in `memory` (sodium_malloc: locked, kept out of core
 * dumps, wiped when freed) and every view points into it. */
struct contact {
    uint8_t *memory;
    struct view kind; /* "email" is what this program can reach */
    struct view address;
    struct view message_id; /* of the mail that the complaint came by; may be empty */
    struct view references; /* may be empty */
    uint32_t language;      /* enum language, 0 where the contact does not say */
    bool answered;          /* its door told the number: no notice that the report was received */
    bool quiet;             /* its door had too many reports for that address: nothing goes there */
    bool own;               /* he reported from there: nobody else named it */
    struct view
        code; /* the access code, where the notice that his report was received is to tell it; else empty */
    uint32_t lost,
        cut; /* of its files: how many could not be taken, how many seconds of a longer film are kept */
};

/* Opens `sealed` with contact-<key_id>.key of folder `keys` (64 hexadecimal digits, X25519).
 * 0 and *ret (end it with contact_done); FAIL_ABSENT: no such key, or not readable;
 * FAIL_CORRUPT: the key is not one, or does not open it, or what is inside is not a contact.
 * Format: PROTOCOL.md, sealed parts. */
int contact_open (const char *keys, uint64_t key_id, struct view sealed, struct contact *ret);
void contact_done (struct contact *contact);

/* ---- compose.c ------------------------------------------------------------------------------ */

/* What every letter of this installation has in common; borrowed. */
struct letterhead {
    const char *from;     /* bare address */
    const char *name;     /* display name beside it */
    const char *domain;   /* right side of the Message-ID */
    const char *tracking; /* base of tracking addresses; "" for none */
    const char *desk;     /* the desk's address, for officers; "" for none */
    const char *stop;     /* base of addresses that end a mail's news by one request; "" for none */
    const uint8_t *reply_key; /* REPLY_KEY_LEN bytes: answers, bounces and reports; NULL for none */
};

/* The letter of a notice.  `now` is wall time, ms.
 * 0 and *ret; FAIL_ABSENT: no template of that key; FAIL_REFUSED: the address is not one that we
 * would send to (address_valid). */
int letter_compose (const struct msg_notice *notice, const struct contact *contact,
                    const struct letterhead *head, int64_t now, struct letter *ret);
/* "<", printable ASCII without white space and angle brackets around one "@", ">". */
bool message_id_valid (struct view id);

/* Appends `text` as a header value: as it is where it is plain ASCII, else as RFC 2047 encoded-words.
 * FAIL_MALFORMED, nothing appended, where it holds a control character or is not UTF-8. */
int header_words (struct view text, struct buffer *out);

/* ---- stops.c -------------------------------------------------------------------------------- */

#define WHO_LEN 16

/* The hash of a contact's address under the reply key, however it is spelled and whichever gateway reaches it.  False: no news can
 * be sent there, or there is no key. */
bool who_of (const struct notifier *notifier, const struct contact *contact, uint8_t ret[WHO_LEN]);
/* Is `who` among the hashes of `list`, one behind the other? */
bool who_among (const uint8_t who[WHO_LEN], struct view list);

/* ---- claim.c -------------------------------------------------------------------------------- */

#define DISPATCHES_MAX 8   /* claims in hand at once, also those that only wait to be heard */
#define NOTICES_MAX    256 /* of one dispatch; settings ask for fewer */

/* WAITING -> SENDING -> DONE; WAITING -> DONE where it cannot or shall not be sent. */
enum notice_state { NOTICE_WAITING, NOTICE_SENDING, NOTICE_DONE };

/* What is told of a notice.  told 0: nothing yet. */
struct fate {
    enum told told;
    uint64_t code; /* as in `told` */
    int64_t
        until; /* of a failed one: wall time before which it cannot be sent, ms; 0: it was tried */
};

struct notice {
    struct parcel parcel; /* what the store said; empty once DONE */
    struct dispatch *dispatch;
    enum notice_state state;
    uint8_t who[WHO_LEN];    /* its address, where others named it */
    bool asks, stopped;      /* there is one; it wants no news */
    struct gateway *gateway; /* by its contact; NULL while nobody has looked */
    struct fate outcome;     /* once DONE */
};

/* FILLING -> ASKING -> SENDING -> TELLING -> gone.  While FILLING nothing is sent: `claimed` must come first,
 * or the link may break in the middle and the store would not know which notices we have.  While ASKING neither: the store says
 * first which addresses want no news; where others named none of them, it is passed over. */
enum dispatch_state {
    DISPATCH_FILLING,
    DISPATCH_ASKING,
    DISPATCH_SENDING,
    DISPATCH_TELLING,
    DISPATCH_STATES
};

struct dispatch {
    struct dispatch *prev, *next; /* notifier->dispatches */
    struct id id;
    uint64_t ref; /* of the claim that brought it */
    enum dispatch_state state;
    struct notice *notices; /* by position; fixed once FILLING is over */
    unsigned count, done;
    uint64_t asked_ref; /* of its `heed` */
    int64_t asked_at;   /* as told_at */
    uint64_t told_ref;
    int64_t told_at; /* mono_ms of the last `told`; 0: not said since the link came up */
};

struct notifier {
    struct reactor *reactor;
    struct link *store;
    struct listener *webs;  /* who brings delivery reports and bounces */
    struct report *reports; /* that the store has not heard yet */
    struct gateway gateways[GATEWAYS];
    struct spending *spending; /* of what costs something */
    struct webhooks *webhooks;
    struct dispatch *dispatches;
    unsigned dispatch_count;
    unsigned held;             /* notices of all dispatches */
    unsigned waiting, sending; /* notices of state WAITING in SENDING dispatches; under way */
    struct gateway *probed;    /* by the claim that is not answered yet; NULL: it is no probe */
    bool claiming;             /* a claim is not answered yet */
    uint64_t claim_ref;
    struct id claim_dispatch; /* the number that its dispatch will have */
    uint64_t claim_channels;  /* what it asked for */
    int64_t claim_at;         /* mono_ms */
    int64_t claim_wait;       /* ms that it stands */
    bool hinted;              /* the next claim may go out: there is news, or it will stand */
    bool draining;
    int64_t drain_until; /* mono_ms: no longer for an unanswered claim */
    uint64_t next_ref;
    struct timer *timer;    /* the scan behind the hints, and the repeats of told */
    struct letterhead head; /* points into `texts` */
    char *keys;             /* folder, owned */
    char *texts[6];         /* what `head` points to, owned */
    char *country;          /* setting sms.country, owned */
    uint8_t reply_key[32];
    unsigned claim, night_from, night_to; /* settings */
    int64_t scan_ms;
};

extern const struct link_hooks claim_hooks;
/* Claims if there is reason and room; starts what waits; tells what is done. */
void claim_turn (struct notifier *notifier);
void at_scan (void *owner);
void on_errand_done (void *owner, struct errand *errand);
/* Gives back whatever was not begun; true when nothing is left in hand. */
bool claim_drain (struct notifier *notifier);
void claim_end (struct notifier *notifier);
void claim_show (const struct notifier *notifier, struct buffer *out);

/* ---- report.c ------------------------------------------------------------------------------- */

/* Listens at `run`/report.sock: 0, or why not, logged. */
int reports_listen (struct notifier *notifier, const char *run);
/* The store heard what we said with this ref. */
void report_heard (struct notifier *notifier, uint64_t ref);
/* The store is gone: whoever brought them has them repeated. */
void reports_forget (struct notifier *notifier);

/* ---- confirm.c ------------------------------------------------------------------------------ */

/* Tells whoever asked by mail for no more news (TOLD_SKIPPED), or for news again (TOLD_RESUMED), that it was heard: once, and
 * nothing is kept of it.  `id`: a case of his, or nil. */
void confirm (struct notifier *notifier, const struct id *id, enum told wish, struct view contact,
              uint64_t key_id);

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
