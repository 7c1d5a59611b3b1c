/* outbox.h - notices: their templates, the claims of notifiers, and what became of them. */
#ifndef ADUAN_STORE_OUTBOX_H
#define ADUAN_STORE_OUTBOX_H

#include "daemon/daemon.h"

struct store;

/* notice.template */
enum template {
    TEMPLATE_RECEIVED = 1,
    TEMPLATE_MOVED,
    TEMPLATE_PROGRESS,
    TEMPLATE_ANSWERED,
    TEMPLATE_ASKED,
    TEMPLATE_CLOSED,
    TEMPLATE_REFUSED,
    TEMPLATE_MERGED,
    TEMPLATE_JOINED,
    TEMPLATE_PARTED,
    TEMPLATE_ARCHIVED,
    TEMPLATE_REOPENED,
    TEMPLATE_UNSATISFIED = 14,
    TEMPLATE_SPLIT = 16,
    TEMPLATE_BLOCKED,
    TEMPLATE_LATE = 20,
    TEMPLATE_OFFERED,
    TEMPLATE_SILENCE,
    TEMPLATE_REMINDED,
    TEMPLATE_TIMED_OUT,
    TEMPLATE_EXPIRED,
    TEMPLATE_DIGEST, /* from here on to others than the reporter: schema/0120_bulletins.sql */
    TEMPLATE_UNREAD,
    TEMPLATE_ASSIGNED,
    TEMPLATE_BREACHED,
    TEMPLATE_SUPPORTED_ANSWERED,
    TEMPLATE_SUPPORTED_CLOSED
};

/* A notifier's claim, from its message until it is answered; what happens to it: outbox.c. */
enum claim_state { CLAIM_STANDS, CLAIM_LOOKS, CLAIM_CARRIED };

struct claim {
    struct store *store;
    enum claim_state state;
    uint64_t link, ref; /* the notifier's */
    struct id dispatch;
    uint64_t channels; /* as claim.channels; never 0 */
    unsigned room;     /* notices that it asked for at most */
    unsigned said;     /* notices sent for it */
    int64_t until;     /* mono_ms: its wait is over */
    uint64_t looked;   /* LOOKS: by store->outbox_clock, when the statement began */
    bool given_back;   /* the notifier took it for lost */
    struct claim *prev, *next;
};

/* outbox.c */
void outbox_claim (struct store *store, struct link *from, const struct msg_claim *claim);
/* A claim that stands, for a batch that will make notices; NULL: they go into the outbox.  The batch
 * ends it by one of: committed (after outbox_say for each), rolled_back, unknown. */
struct claim *outbox_carry (struct store *store);
void outbox_committed (struct store *store, struct claim *claim);
void outbox_rolled_back (struct store *store, struct claim *claim);
void outbox_unknown (struct store *store, struct claim *claim);
/* The next notice of a committed dispatch, in the order of its row.  The caller fills what is known of
 * it but ref, dispatch, position and template; `flags`: the complaint's, which say whether its words may be told. */
void outbox_say (struct store *store, struct claim *claim, unsigned template, uint64_t flags,
                 struct msg_notice *notice);
/* Notices went into the outbox. */
void outbox_has_news (struct store *store, unsigned count);
/* The notifier gives a dispatch back whose claim we may still have. */
void outbox_give_back (struct store *store, const struct id *dispatch);
void outbox_flush (struct store *store);
void outbox_end (struct store *store);

/* told.c */
void told_begin (struct store *store);
void told_take (struct store *store, struct link *from, const struct msg_told *told);
/* Nobody has the notices of this dispatch: they are due again. */
void told_give_back (struct store *store, const struct id *dispatch);
void told_flush (struct store *store);
void told_end (struct store *store);

/* stopped.c */
void stopped_look (struct store *store, struct link *from, const struct msg_heed *said);
void stopped_end (void);

/* report.c */
void report_take (struct store *store, struct link *from, const struct msg_report *said);
void report_flush (struct store *store);
void report_end (struct store *store);

#endif
