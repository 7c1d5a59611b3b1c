/* retry.c - what a gateway's behaviour means, and when to leave it alone.
 *
 * Pure: time comes in as a number.  Called by claim.c for each outcome and before each claim.
 * When a notice is tried again is not decided here: the store's row holds attempt and next time.
 *
 * UNKNOWN is the dear outcome: nobody may repeat it without a rule, because the reporter may have the
 * mail already.  It is used only where the end of the text may have reached the gateway and no reply
 * came; every earlier break is FAILED, since RFC 5321 (4.1.1.4) makes a server discard a text whose
 * end it did not see.
 */
#include <sodium.h>
#include "gateway.h"

static struct judgement judged (enum told told, uint64_t code, bool gateway)
{
    return (struct judgement){.told = told, .code = code, .gateway = gateway};
}

struct judgement retry_judge (enum stage stage, unsigned reply, int error)
{
    uint64_t code = reply >= 400 ? reply : 10000 + (uint64_t) error;
    bool later = reply >= 400 && reply < 500, never = reply >= 500 && reply < 600;

    if (error == 0)
        return judged (TOLD_SENT, reply, false);
    /* 421: the gateway is about to close; it says nothing about the letter. */
    if (reply == 421)
        return judged (TOLD_FAILED, code, true);
    switch (stage) {
    case STAGE_OPEN:
    case STAGE_MAIL:
        /* Greeting, login and our own sender address: a 5xx here is about us and would come for every
         * letter.  Refusing them all for ever would turn a wrong setting into silence. */
        return judged (TOLD_FAILED, code, true);
    case STAGE_RCPT:
    case STAGE_DATA:
        if (never)
            return judged (TOLD_REFUSED, code, false);
        return judged (TOLD_FAILED, code, !later);
    case STAGE_TEXT: return judged (TOLD_FAILED, code, !later && !never);
    case STAGE_DOT:
        if (never)
            return judged (TOLD_REFUSED, code, false);
        if (later)
            return judged (TOLD_FAILED, code, false);
        return judged (TOLD_UNKNOWN, code, true);
    }
    check (false);
    return judged (TOLD_FAILED, code, true);
}

struct judgement retry_judge_http (enum stage stage, unsigned status, int error)
{
    if (error)
        return judged (stage == STAGE_DOT ? TOLD_UNKNOWN : TOLD_FAILED, 10000 + (uint64_t) error,
                       true);
    if (status >= 200 && status < 300)
        return judged (TOLD_SENT, status, false);
    /* Our login, too much at once, or the gateway itself: it would come for every notice. */
    if (status == 401 || status == 403 || status == 408 || status == 429 || status >= 500 ||
        status < 400)
        return judged (TOLD_FAILED, status, true);
    return judged (TOLD_REFUSED, status, false);
}

bool breaker_open (const struct breaker *breaker)
{
    return breaker->until != 0;
}

unsigned breaker_allows (const struct breaker *breaker, int64_t now, unsigned wanted)
{
    if (breaker->until == 0)
        return wanted;
    if (now < breaker->until || breaker->probing)
        return 0;
    return wanted < 1 ? wanted : 1;
}

void breaker_probes (struct breaker *breaker)
{
    breaker->probing = breaker->until != 0;
}

void breaker_idle (struct breaker *breaker)
{
    breaker->probing = false;
}

void breaker_rests (struct breaker *breaker, int64_t until)
{
    breaker->probing = false;
    breaker->until = until;
}

static const char *breaker_name (const struct breaker *breaker)
{
    return breaker->name ? breaker->name : "gateway";
}

bool breaker_saw (struct breaker *breaker, const struct judgement *judgement, int64_t now)
{
    if (!judgement->gateway) {
        breaker->faults = 0;
        breaker->until = breaker->pause = 0;
        breaker->probing = false;
        outage_ends (&breaker->outage, "%s: the gateway takes notices again",
                     breaker_name (breaker));
        return false;
    }
    breaker->faults++;
    if (breaker->faults < BREAKER_FAULTS)
        return false;
    /* Letters that were under way together fail together: only the probe makes the pause longer. */
    if (breaker->until && !breaker->probing)
        return false;
    breaker->probing = false;
    breaker->pause = breaker->pause ? breaker->pause * 2 : BREAKER_FIRST_MS;
    if (breaker->pause > BREAKER_LONGEST_MS)
        breaker->pause = BREAKER_LONGEST_MS;
    /* A quarter of jitter, so that several notifiers do not probe in step. */
    int64_t jitter = (int64_t) randombytes_uniform ((uint32_t) (breaker->pause / 4));
    breaker->until = now + breaker->pause + jitter;
    outage_begins (
        &breaker->outage,
        "%s: %u faults in a row at the gateway, the last with code %llu; its notices wait in the "
        "store, one is tried after %lld s and then less and less often",
        breaker_name (breaker), breaker->faults, (unsigned long long) judgement->code,
        (long long) (breaker->pause / 1000));
    return true;
}
