/* report.c - delivery reports and bounces, on their way to aduan-notifier and the store (PROTOCOL.md, report).
 *
 * Nothing is kept: a report has its gateway's copy until it is heard.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "gateway.h"

#define HEARD_MS    5000
#define LOOK_MS     500
#define SEALED_MOST 4096 /* bytes of a sealed contact: messages.def */

struct report {
    uint64_t ref;
    int64_t until;
    void (*then) (void *with, bool heard);
    void *with;
    struct report *prev, *next;
};

static void report_end (struct gateways *gateways, struct report *report, bool heard)
{
    DL_DELETE (gateways->reports, report);
    report->then (report->with, heard);
    free (report);
}

static void on_heard (void *owner, struct link *from, struct parcel *parcel)
{
    struct gateways *gateways = owner;
    struct report *report, *next;

    (void) from;
    DL_FOREACH_SAFE (gateways->reports, report, next)
        if (report->ref == parcel->said[0].heard.ref)
            report_end (gateways, report, true);
}

static void on_down (void *owner, struct link *link)
{
    struct gateways *gateways = owner;
    struct report *report, *next;

    (void) link;
    DL_FOREACH_SAFE (gateways->reports, report, next)
        report_end (gateways, report, false);
}

/* Those that nobody could send, or has answered in time. */
static void at_look (void *owner)
{
    struct gateways *gateways = owner;
    struct report *report, *next;
    int64_t now = reactor_now (gateways->web->reactor);

    DL_FOREACH_SAFE (gateways->reports, report, next)
        if (report->until <= now)
            report_end (gateways, report, false);
    reactor_timer_at (gateways->report_timer, gateways->reports ? now + LOOK_MS : 0);
}

/* Sets said->ref. */
static void report_say (struct gateways *gateways, struct msg_report *said,
                        void (*then) (void *with, bool heard), void *with)
{
    int64_t now = mono_ms ();

    if (!gateways->notifier) { /* stopping */
        then (with, false);
        return;
    }
    said->ref = ++gateways->report_ref;
    bool sent = link_say (gateways->notifier, WIRE_report, said) == 0;
    struct report *report = xcalloc (1, sizeof *report);
    *report = (struct report){
        .ref = said->ref, .until = sent ? now + HEARD_MS : now, .then = then, .with = with};
    DL_APPEND (gateways->reports, report);
    reactor_timer_at (gateways->report_timer, sent ? now + LOOK_MS : now);
}

void report_send (struct gateways *gateways, const struct notice_name *notice, uint32_t channel,
                  uint32_t outcome, uint64_t code, void (*then) (void *with, bool heard),
                  void *with)
{
    struct msg_report said = {.id = notice->id,
                              .event = notice->event,
                              .recipient = notice->recipient,
                              .channel = channel,
                              .outcome = outcome,
                              .code = code};
    report_say (gateways, &said, then, with);
}

/* Seals a contact for aduan-notifier into *said, which lends `room`; false: it cannot be done now. */
static bool contact_seal (const struct gateways *gateways, const struct aduan_contact *contact,
                          uint8_t room[SEALED_MOST], struct msg_report *said)
{
    char *hex = NULL;
    size_t len;

    if (aduan_contact_seal (gateways->web->intake, contact, &hex, &said->contact_key_id) !=
        ADUAN_DONE)
        return false;
    check (sodium_hex2bin (room, SEALED_MOST, hex, strlen (hex), NULL, &len, NULL) == 0);
    said->contact = (struct view){(const char *) room, len};
    free (hex);
    return true;
}

void report_wish (struct gateways *gateways, const struct notice_name *notice, uint32_t channel,
                  enum told wish, const struct aduan_contact *whose,
                  void (*then) (void *with, bool heard), void *with)
{
    uint8_t sealed[SEALED_MOST];
    struct msg_report said = {.id = notice->id,
                              .event = notice->event,
                              .recipient = notice->recipient,
                              .channel = channel,
                              .outcome = wish};

    if (!whose || contact_seal (gateways, whose, sealed, &said))
        report_say (gateways, &said, then, with);
    else
        then (with, false);
}

static link_message_fn *const report_handlers[WIRE_LAST] = {[WIRE_heard] = on_heard};
static const struct link_hooks report_hooks = {.handlers = report_handlers, .down = on_down};

void reports_open (struct gateways *gateways, const char *run)
{
    char *endpoint = xformat ("ipc://%s/report.sock", run);

    gateways->report_timer = reactor_timer (gateways->web->reactor, 0, at_look, gateways);
    gateways->notifier =
        link_connect (gateways->web->reactor, endpoint, NULL, "web", &report_hooks, gateways);
    free (endpoint);
}

void reports_close (struct gateways *gateways)
{
    link_destroy (&gateways->notifier); /* `down` ends those under way */
    on_down (gateways, NULL);
    if (gateways->report_timer)
        reactor_timer_forget (&gateways->report_timer);
}
