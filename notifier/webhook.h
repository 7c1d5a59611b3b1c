/* webhook.h - inside notifier: the feed's batches, sent to those who submit for others (docs/channels.md, "Webhooks").
 *
 *   webhook.c   conversation with the store: collects batches, tells what became of them
 *   post.c      signs a batch and posts it, on a thread
 *   target.c    where it may go; pure
 *
 * Rows are truth: a batch is claimed in PostgreSQL for a minute, and is due again when nobody said what became of it.
 */
#ifndef ADUAN_WEBHOOK_H
#define ADUAN_WEBHOOK_H

#include <stdatomic.h>
#include <sys/socket.h>
#include "daemon/daemon.h"
#include "domain/sign.h"

/* ---- target.c ------------------------------------------------------------------------------- */

/* Is this an address of the public network: none of one's own host or net, of a link, of a group, of documentation,
 * of a cloud's metadata?  Those within IPv6 addresses (mapped, NAT64) count as what they hold.  Source: the
 * special-purpose registries of IANA (RFC 6890 and after). */
bool address_public (const struct sockaddr *address);

enum host_rule {
    HOST_REFUSED, /* nothing is sent there */
    HOST_PUBLIC,  /* at addresses of the public network */
    HOST_NAMED,   /* at whatever address: it stands in the setting */
};
/* `hosts`: setting webhook.hosts, names with spaces between; `*`: every other one, too; empty: every one. */
enum host_rule host_rule_of (const char *hosts, const char *host);

/* ---- post.c --------------------------------------------------------------------------------- */

#define WEBHOOK_ANSWER_MAX 65536 /* bytes of an answer; a longer one is a failure */

struct post_settings {
    char *hosts, *ca; /* owned; ca "": the system's authorities */
    int64_t wait_ms;  /* from the name's look-up to the answer's end */
};

/* One batch on its way.  Owns its texts. */
struct post {
    char *url, *id, *body;
    size_t body_len;
    uint8_t secret[WEBHOOK_SECRET], old_secret[WEBHOOK_SECRET];
    bool both;               /* signed with the old secret, too */
    enum host_rule rule;     /* while it runs */
    enum hook_fault refused; /* why no address that came up was taken; 0: none was refused */
    size_t answered;         /* bytes of the answer */
    const atomic_bool *stopping;
    uint64_t status; /* result: HTTP's, enum hook_fault, or 10,000 + libcurl's error */
};
/* On a thread: blocks until it is answered, or over.  Fills `status`. */
void post_perform (struct post *post, const struct post_settings *settings);
void post_done (struct post *post);

/* ---- webhook.c ------------------------------------------------------------------------------ */

struct webhooks;
/* `store`: the notifier's link, lent. */
struct webhooks *webhooks_new (struct reactor *reactor, const struct settings *settings,
                               struct link **store);
void webhooks_up (struct webhooks *webhooks);
void webhooks_down (struct webhooks *webhooks);
void webhooks_delivery (struct webhooks *webhooks, const struct msg_delivery *said);
/* `heard` came for this ref, which may be another's. */
void webhooks_heard (struct webhooks *webhooks, uint64_t ref);
/* Collects nothing more; true when nothing is under way. */
bool webhooks_drain (struct webhooks *webhooks);
void webhooks_destroy (struct webhooks **webhooks);
void webhooks_show (const struct webhooks *webhooks, struct buffer *out);

#endif
