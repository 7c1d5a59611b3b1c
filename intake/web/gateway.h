/* gateway.h - what the doors of SMS, WhatsApp and mail share: their secrets and settings, who may come in, how much is
 * answered, and what becomes of delivery reports. */
#ifndef ADUAN_GATEWAY_H
#define ADUAN_GATEWAY_H

#include <stdatomic.h>
#include "aside.h"
#include "daemon/link.h"
#include "domain/token.h"
#include "message.h"

struct report;
struct told_message;
struct maildir;
struct sms;

struct gateways {
    struct web *web;
    char *secret; /* what SMS and mail from elsewhere show; "": none, those doors are shut */
    uint8_t reply_key[REPLY_KEY_LEN];
    bool has_reply_key; /* without it no token is known for ours */
    char **prefixes;    /* words that may stand for LAPOR, NULL behind the last */
    char *prefix_text;
    char *mail_address; /* our own */
    char *whatsapp_secret, *whatsapp_verify, *whatsapp_token, *whatsapp_url;
    struct answered *answered; /* by the hash of a sender: who was answered last on what */
    struct told_message *told; /* by their names: messages that were answered */
    struct aside *reading, *fetching;
    size_t room;           /* gateway_bytes */
    atomic_size_t held;    /* of it */
    struct link *notifier; /* takes delivery reports */
    struct report *reports;
    struct timer *report_timer;
    uint64_t report_ref;
    struct maildir *maildir;
    struct sms *parts; /* of SMS that wait for their other parts; channel/sms.c */
    unsigned part_count;
    struct timer *part_timer;
};

/* Settings of section `web` that are wrong though the table allows them. */
bool gateways_right (const struct settings *settings);
/* 0, or an exit status; *ret is to be closed in any case. */
int gateways_open (struct web *web, const struct settings *settings, struct gateways **ret);
/* Answers what waits for something from outside. */
void gateways_drain (struct gateways *gateways);
/* Ends threads, links and what waits; before intake and query are closed. */
void gateways_stop (struct gateways *gateways);
/* After every visit is answered. */
void gateways_close (struct gateways **gateways);

/* May this request come in?  It shows the gateways' secret: `secret` in its query, X-Aduan-Secret, or the password of Basic
 * authentication; compared in constant time.  Of `near` a process of this host may come without. */
bool gateway_guard (struct visit *visit, bool near);
/* The same, and nothing is answered. */
bool gateway_proved (const struct visit *visit, bool near);
/* May its sender have one more automatic answer?  Counts it in `tally`, and a message that comes again at once (by its `name`, 16 bytes)
 * only once. */
bool gateway_answers (struct gateways *gateways, const uint8_t sender[ADUAN_SENDER_SIZE],
                      const uint8_t *name, struct tally *tally);
/* He is not answered, and his gateway brings it again: what was counted is given back, however many of his wait beside it. */
void gateway_unanswered (struct gateways *gateways, const uint8_t sender[ADUAN_SENDER_SIZE],
                         const uint8_t *name, struct tally *tally);
/* Remembers for a while that this message (`name`, 16 bytes) was answered, and says whether one was: for providers that bring the
 * answered and the unanswered again together. */
void gateway_told (struct gateways *gateways, const uint8_t *name);
bool gateway_was_told (const struct gateways *gateways, const uint8_t *name);
/* Room in memory for `len` bytes of media or of a mail, until gateway_give: all that wait have a bound together.  False: there is
 * none, and it is to be brought again.  On any thread. */
bool gateway_hold (struct gateways *gateways, size_t len);
void gateway_give (struct gateways *gateways, size_t len);
/* Bytes that are held. */
size_t gateway_held (struct gateways *gateways);
/* Appends a text of deploy/text with `number` and `code` in each place of {number} and {code}, and a NUL. */
void gateway_text (const char *text, const char *number, const char *code, struct buffer *out);
/* Is `shown` the secret?  Of any lengths; "" is none. */
bool secret_same (const char *secret, const char *shown);

/* ---- report.c: what became of a notice ----------------------------------------------------------- */

/* Tells it to aduan-notifier, and so to the store.  `then` is called once, from a later turn: false, nobody has written it down,
 * and whoever brought it should bring it again. */
void report_send (struct gateways *gateways, const struct notice_name *notice, uint32_t channel,
                  uint32_t outcome, uint64_t code, void (*then) (void *with, bool heard),
                  void *with);
/* Tells that its reader wants no more news (TOLD_SKIPPED), or wants them again (TOLD_RESUMED): of this notice's case, its id nil where
 * none is known, and of all of its sender's; and, of `whose` is said, of whatever else goes to that address.  NULL: of that nobody
 * knows.  Whoever says it by mail is told so by a letter, once it is heard.  `then` may be called at once. */
void report_wish (struct gateways *gateways, const struct notice_name *notice, uint32_t channel,
                  enum told wish, const struct aduan_contact *whose,
                  void (*then) (void *with, bool heard), void *with);
void reports_open (struct gateways *gateways, const char *run);
void reports_close (struct gateways *gateways);

/* ---- channel/mail.c ------------------------------------------------------------------------------ */

enum mail_end {
    MAIL_TAKEN, /* ACCEPTED, heard, or nothing that anybody wants kept: the mail may be forgotten */
    MAIL_REFUSED, /* a REJECT: it will never be taken */
    MAIL_LATER,   /* to be brought again */
};
/* Takes a mail as it came over the wire.  `raw` is the caller's until `then` is called, from a later turn; `number` is "" where
 * it became no complaint. */
void mail_take (struct gateways *gateways, struct view raw,
                void (*then) (void *with, enum mail_end end, const char *number), void *with);

/* ---- channel/sms.c ------------------------------------------------------------------------------- */

/* Parts that wait are to be brought again. */
void sms_parts_drop (struct gateways *gateways);

/* ---- maildir.c ----------------------------------------------------------------------------------- */

int maildir_open (struct gateways *gateways, const char *folder, int64_t every_ms);
void maildir_close (struct gateways *gateways);

#endif
