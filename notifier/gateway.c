/* gateway.c - the table of gateways; whether one may have a notice now, and else when.
 *
 * Called by notifier.c (settings, start, stop) and claim.c.  Owns each gateway's breaker and courier.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include "notifier.h"

#define PATIENCE_LEAST 100          /* ms */
#define CHANNELS_FRESH UINT64_C (1) /* as claim.channels: what nobody has tried yet */

static const struct gateway_kind *const kinds[GATEWAYS] = {&gateway_mail, &gateway_sms,
                                                           &gateway_whatsapp};

bool gateways_right (const struct settings *settings)
{
    bool right = true;
    for (size_t i = 0; i < GATEWAYS; i++)
        right = kinds[i]->right (settings) && right;
    return right;
}

int gateways_open (struct gateway gateways[GATEWAYS], struct reactor *reactor,
                   const struct settings *settings, const struct letterhead *head,
                   courier_done_fn *done, void *owner)
{
    for (size_t i = 0; i < GATEWAYS; i++) {
        struct gateway *gateway = &gateways[i];
        const struct gateway_kind *kind = gateway->kind = kinds[i];
        int status = kind->open (settings, head, &gateway->own);
        if (status)
            return status;
        if (!gateway->own)
            continue;
        gateway->breaker.name = kind->name;
        gateway->parallel = (unsigned) settings_number (settings, kind->parallel);
        gateway->courier = courier_new (reactor, kind, gateway->own, gateway->parallel,
                                        settings_number (settings, kind->connect),
                                        settings_number (settings, kind->whole), done, owner);
    }
    return 0;
}

void gateways_close (struct gateway gateways[GATEWAYS])
{
    for (size_t i = 0; i < GATEWAYS; i++) {
        courier_destroy (&gateways[i].courier);
        if (gateways[i].own)
            gateways[i].kind->close (&gateways[i].own);
    }
}

struct gateway *gateway_for (struct gateway gateways[GATEWAYS], struct view contact)
{
    for (size_t i = 0; i < GATEWAYS; i++)
        for (const char *const *kind = gateways[i].kind->contacts; *kind; kind++)
            if (view_is (contact, *kind))
                return &gateways[i];
    return NULL;
}

bool gateway_set (const struct gateway gateways[GATEWAYS])
{
    for (size_t i = 0; i < GATEWAYS; i++)
        if (gateways[i].courier)
            return true;
    return false;
}

unsigned gateways_claim (struct gateway gateways[GATEWAYS], int64_t now, unsigned room,
                         uint64_t *ret_channels, struct gateway **ret_probe)
{
    uint64_t open = 0;

    *ret_probe = NULL;
    for (size_t i = 0; i < GATEWAYS; i++) {
        struct gateway *gateway = &gateways[i];
        if (!gateway->courier)
            continue;
        if (!breaker_open (&gateway->breaker))
            open |= UINT64_C (1) << gateway->kind->channel;
        else if (breaker_allows (&gateway->breaker, now, 1))
            *ret_probe = gateway;
    }
    if (*ret_probe) {
        /* Where another gateway is in use, what is new goes on being looked at by the claims between. */
        *ret_channels = UINT64_C (1) << (*ret_probe)->kind->channel | (open ? 0 : CHANNELS_FRESH);
        return room ? 1 : 0;
    }
    *ret_channels = open | CHANNELS_FRESH;
    return open ? room : 0;
}

int64_t gateways_patience (const struct gateway gateways[GATEWAYS], int64_t now, int64_t most)
{
    for (size_t i = 0; i < GATEWAYS; i++) {
        const struct breaker *breaker = &gateways[i].breaker;
        int64_t left = breaker->until - now;
        if (breaker_open (breaker) && !breaker->probing && left < most)
            most = left < PATIENCE_LEAST ? PATIENCE_LEAST : left;
    }
    return most;
}

int64_t gateway_away (struct gateway *gateway, int64_t now)
{
    struct breaker *breaker = &gateway->breaker;

    if (!breaker_open (breaker))
        return 0;
    if (now >= breaker->until && gateway->sending == 0) {
        breaker_probes (breaker);
        return 0;
    }
    int64_t left = breaker->until - now;
    return wall_ms () + (left > BREAKER_FIRST_MS ? left : BREAKER_FIRST_MS);
}

void gateways_idle (struct gateway gateways[GATEWAYS])
{
    for (size_t i = 0; i < GATEWAYS; i++)
        if (gateways[i].sending == 0)
            breaker_idle (&gateways[i].breaker);
}

void gateways_show (const struct gateway gateways[GATEWAYS], struct buffer *out)
{
    for (size_t i = 0; i < GATEWAYS; i++)
        buffer_format (out, "%s: gateway %s, faults in a row %u, under way %u\n",
                       gateways[i].kind->name,
                       !gateways[i].courier                  ? "not set"
                       : breaker_open (&gateways[i].breaker) ? "left alone"
                                                             : "in use",
                       gateways[i].breaker.faults, gateways[i].sending);
}
