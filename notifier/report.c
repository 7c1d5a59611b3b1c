/* report.c - delivery reports and bounces, from aduan-web on to the store.
 *
 * aduan-web gets them, from gateways and from mail, reads the notice out of the token that they bring, and says them at
 * RUN/report.sock.  Here they are only passed on, and `heard` is passed back: what is not heard, aduan-web has its gateway
 * repeat.  Nothing is kept: a report whose store goes away is forgotten.  Whoever wants no news, or news again, says from where: the
 * address goes on to the store as a hash.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <utlist.h>
#include "notifier.h"

#define REPORTS_MOST 64 /* of one aduan-web, not heard yet */

struct report {
    uint64_t link, ref; /* aduan-web's */
    uint64_t told;      /* ours, towards the store */
    struct id id;
    enum told wish;
    struct buffer contact; /* whom to tell by mail that it was heard; sealed */
    uint64_t contact_key_id;
    struct report *prev, *next;
};

static void report_end (struct notifier *notifier, struct report *report, bool heard)
{
    struct link *link = listener_find (notifier->webs, report->link);
    if (link) {
        struct msg_heard said = {.ref = report->ref};
        if (heard)
            link_say (link, WIRE_heard, &said);
        link_credit (link, WIRE_CLASS_REST, 1);
    }
    if (heard && report->contact.len)
        confirm (notifier, &report->id, report->wish,
                 (struct view){report->contact.at, report->contact.len}, report->contact_key_id);
    DL_DELETE (notifier->reports, report);
    buffer_free (&report->contact);
    free (report);
}

/* Whose wish it is: the hash of the address that it comes from.  False: that cannot be known. */
static bool who_take (const struct notifier *notifier, const struct msg_report *said,
                      uint8_t ret[WHO_LEN])
{
    struct contact contact;

    if (contact_open (notifier->keys, said->contact_key_id, said->contact, &contact) != 0)
        return false;
    bool known = who_of (notifier, &contact, ret);
    contact_done (&contact);
    return known;
}

static void on_report (void *owner, struct link *from, struct parcel *parcel)
{
    struct notifier *notifier = owner;
    struct msg_report said = parcel->said[0].report;
    struct report *report = xcalloc (1, sizeof *report);
    uint8_t who[WHO_LEN];

    *report = (struct report){.link = link_number (from),
                              .ref = said.ref,
                              .told = ++notifier->next_ref,
                              .id = said.id,
                              .wish = (enum told) said.outcome,
                              .contact_key_id = said.contact_key_id};
    DL_APPEND (notifier->reports, report);
    said.ref = report->told;
    if (said.contact.len && !who_take (notifier, &said, who)) {
        log_limited (LOG_ERROR,
                     "report: who wants %s cannot be known: are reply.key and contact-%" PRIu64
                     ".key in %s?",
                     said.outcome == TOLD_RESUMED ? "news again" : "no news", said.contact_key_id,
                     notifier->keys);
        report_end (notifier, report, false);
        return;
    }
    said.who = (struct view){(const char *) who, said.contact.len ? sizeof who : 0};
    if (said.channel == CHANNEL_EMAIL)
        buffer_add (&report->contact, said.contact.at, said.contact.len);
    if (said.outcome != TOLD_RESUMED) { /* no address goes where it was to be forgotten */
        said.contact = (struct view){0};
        said.contact_key_id = 0;
    }
    if (link_say (notifier->store, WIRE_report, &said) != 0)
        report_end (notifier, report, false);
}

void report_heard (struct notifier *notifier, uint64_t ref)
{
    struct report *report, *next;
    DL_FOREACH_SAFE (notifier->reports, report, next)
        if (report->told == ref)
            report_end (notifier, report, true);
}

void reports_forget (struct notifier *notifier)
{
    struct report *report, *next;
    DL_FOREACH_SAFE (notifier->reports, report, next)
        report_end (notifier, report, false);
}

static link_message_fn *const report_handlers[WIRE_LAST] = {[WIRE_report] = on_report};
static const struct link_hooks report_hooks = {.handlers = report_handlers};

int reports_listen (struct notifier *notifier, const char *run)
{
    char *endpoint = xformat ("ipc://%s/report.sock", run);
    int fail = link_listen (notifier->reactor, endpoint, NULL, &report_hooks, notifier, 1,
                            REPORTS_MOST, &notifier->webs);
    if (fail)
        log_error ("%s: cannot be listened on: %s; is another notifier running on it?", endpoint,
                   fail_text (fail));
    free (endpoint);
    return fail;
}
