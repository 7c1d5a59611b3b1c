/* send.c - a submission on its way to intake, for every channel. */
#include <string.h>
#include "taken.h"
#include "web.h"

void visit_judged (struct visit *visit, const struct aduan_submitted *result)
{
    if (result->result == ADUAN_ACCEPTED && !result->repeated)
        tally_stands (&visit->tally);
    else
        tally_back (visit->web->limits, &visit->tally);
}

static void on_sent (void *with, const struct aduan_submitted *result)
{
    struct visit *visit = with;
    struct aduan_submitted later = *result;

    /* an account that was made this second: aduan-web has heard of it, and intake is about to */
    if (result->result == ADUAN_REJECTED && strcmp (result->field, "account") == 0) {
        later.result = ADUAN_UNSENT;
        result = &later;
    }
    visit->web->sending--;
    visit_judged (visit, result);
    metric_add (web_accepted_total, result->result == ADUAN_ACCEPTED);
    if (result->result == ADUAN_ACCEPTED && *visit->report_code)
        taken_note (visit->web->taken, result->number, visit->report_code);
    if (visit->names_files && result->result == ADUAN_ACCEPTED)
        content_look (visit->web->content); /* they are pinned now: copies can be made */
    visit->sent (visit, result);
}

void visit_send (struct visit *visit, const struct aduan_submission *submission,
                 void (*then) (struct visit *visit, const struct aduan_submitted *result))
{
    struct web *web = visit->web;

    if (web->sending >= web->sending_most) {
        metric_add (web_shed_total, 1);
        tally_back (web->limits, &visit->tally);
        then (visit, &(struct aduan_submitted){.result = ADUAN_UNSENT});
        return;
    }
    web->sending++;
    visit->sent = then;
    visit->names_files = submission->attachments_len > 0;
    if (submission->kind > ADUAN_KIND_COMPLAINT || !submission->code ||
        !proof_hash (submission->code, visit->report_code))
        *visit->report_code = '\0';
    aduan_submit_start (web->intake, submission, SEND_MS, on_sent, visit);
}

unsigned send_status (const struct aduan_submitted *result)
{
    if (result->result == ADUAN_ACCEPTED)
        return result->repeated ? 200 : 201;
    if (result->result != ADUAN_REJECTED)
        return 503;
    switch (result->reject) {
    case ADUAN_REJECT_CONFLICT: return 409;
    case ADUAN_REJECT_TOO_LONG: return 413;
    case ADUAN_REJECT_RIGHT: return 403;
    default: return 422;
    }
}
