/* first.c - a form comes again, and says something else than what was taken of it.
 *
 *   intake: CONFLICT, with the number of the first one and what was told of it
 *     -> he is stricter now (public -> secret, named -> anonymous): FLAGS of that report -> accepted
 *     -> the first one's receipt, what it says is what is stored; his words and files stand there, to be added as a reply
 *
 * An answer is lost, the reporter thinks again, and sends: what he gets must never read as if the second were stored.  And
 * where he wants more privacy than he wanted at first he has it, or is told that nothing was done yet: the
 * flags go by the act that every reporter has, proved by the code, which follows from the form's token.
 */
#include "first.h"
#include "../handle.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct first {
    struct drawn drawn;
    struct aduan_submitted stored; /* intake's word on it */
    bool hide, unname;             /* what is stricter now */
    uint8_t digests[FILES_MOST * DIGEST_BYTES];
    unsigned file_count;
    void (*away) (struct visit *visit);
    void *report; /* the form's work, given back before anything else of it runs */
    void (*report_free) (void *report);
};

static void first_free (void *work)
{
    struct first *first = work;

    if (first->report)
        first->report_free (first->report);
    sodium_memzero (&first->drawn, sizeof first->drawn);
    free (first);
}

static void first_show (struct visit *visit)
{
    const struct first *first = visit->work;
    struct drawn reply;
    bool public = first->stored.secret == ADUAN_FLAG_NO && !first->hide;

    drawn_new (&reply);
    drawn_show (visit, &reply);
    handles_show (visit, &reply, first->digests, first->file_count);
    visit_value (visit, "first", "yes");
    visit_value (visit, "stricter", first->hide || first->unname ? "yes" : NULL);
    visit_value (visit, "typed", visit_said (visit, "text"));
    receipt_take (visit, first->stored.number, first->drawn.token.code,
                  (public ? RECEIPT_PUBLIC : 0) |
                      (first->stored.contact == ADUAN_FLAG_YES ? RECEIPT_CONTACT : 0));
    receipt_page (visit, 409);
    sodium_memzero (&reply, sizeof reply);
}

static void on_flagged (struct visit *visit, const struct aduan_submitted *result)
{
    struct first *first = visit->work;
    void (*away) (struct visit *) = first->away;

    if (result->result == ADUAN_ACCEPTED) {
        first_show (visit);
        return;
    }
    if (result->result == ADUAN_REJECTED)
        log_limited (LOG_WARNING, "a reporter's stricter choice was rejected: %s, field %s",
                     aduan_reject_word (result->reject),
                     log_text (result->field, strlen (result->field)));
    visit->work = first->report; /* nothing is promised: the form again, whose repeat tries again */
    visit->work_free = first->report_free;
    first->report = NULL;
    first_free (first);
    away (visit);
}

/* The same choice is the same act, on each try. */
static void flags_send (struct visit *visit)
{
    const struct first *first = visit->work;
    char *key = xformat ("%s%s%s", first->drawn.token.key, first->hide ? "-secret" : "",
                         first->unname ? "-anonymous" : "");

    visit_send (visit,
                &(struct aduan_submission){
                    .account = "web",
                    .kind = ADUAN_KIND_FLAGS,
                    .key = key,
                    .created = first->drawn.created,
                    .channel = ADUAN_CHANNEL_WEB,
                    .parent = first->stored.number,
                    .code = first->drawn.token.code,
                    .secret = first->hide ? ADUAN_FLAG_YES : 0,
                    .anonymous = first->unname ? ADUAN_FLAG_YES : 0,
                },
                on_flagged);
    free (key);
}

void first_take (struct visit *visit, const struct drawn *drawn,
                 const struct aduan_submitted *stored, const uint8_t *digests, unsigned file_count,
                 void (*away) (struct visit *visit))
{
    struct first *first = xcalloc (1, sizeof *first);

    *first = (struct first){
        .drawn = *drawn,
        .stored = *stored,
        .hide = stored->secret == ADUAN_FLAG_NO && strcmp (visit_said (visit, "open"), "1") != 0,
        .unname = stored->anonymous == ADUAN_FLAG_NO &&
                  strcmp (visit_said (visit, "anonymous"), "1") != 0,
        .file_count = file_count,
        .away = away,
        .report = visit->work,
        .report_free = visit->work_free,
    };
    memcpy (first->digests, digests, (size_t) file_count * DIGEST_BYTES);
    visit->work = first;
    visit->work_free = first_free;
    if (first->hide || first->unname)
        flags_send (visit);
    else
        first_show (visit);
}
