/* confirm.c - the one letter that no row of the outbox asks for: news were stopped, or go on, as its reader asked.
 *
 * Who asks by SMS or WhatsApp has his answer from the door; a mail has none that could answer, so aduan-web sends along who
 * asked.  It goes once, when the store has heard it: were it lost, it holds all the same, and a row for it
 * would keep an address that was to be forgotten.
 */
#include "notifier.h"

void confirm (struct notifier *notifier, const struct id *id, enum told wish, struct view contact,
              uint64_t key_id)
{
    /* Event 0 is no event's: its Message-ID is none of a notice's. */
    const struct msg_notice notice = {
        .id = *id, .template = view_of (wish == TOLD_RESUMED ? "resumed" : "stopped")};
    struct contact open;
    struct letter letter = {0};

    if (contact_open (notifier->keys, key_id, contact, &open) != 0) {
        log_limited (LOG_WARNING, "%s: a wish was heard, and its contact cannot be opened",
                     id_text (id));
        return;
    }
    struct gateway *gateway = gateway_for (notifier->gateways, open.kind);
    bool ready = gateway && gateway->courier && !breaker_open (&gateway->breaker) &&
                 gateway->kind->compose (gateway->own, &notice, &open, wall_ms (), &letter) == 0;
    contact_done (&open);
    if (!ready)
        return;
    struct errand *errand = xcalloc (1, sizeof *errand);
    errand->letter = letter;
    courier_send (gateway->courier, &errand);
}
