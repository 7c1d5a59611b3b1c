/* front.c - opening a door at which people stand. */
#include "http/front.h"
#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include "base/log.h"
#include "http/reply.h"

int front_listen (struct reactor *reactor, const struct settings *settings,
                  const struct http_options *options, struct http_server **ret)
{
    struct http_options whole = *options;

    whole.door = settings_text (settings, "door");
    whole.connections = (unsigned) settings_number (settings, "connections");
    whole.idle_ms = settings_number (settings, "idle");
    whole.pace = (struct pace_limits){.header_ms = settings_number (settings, "slow.header"),
                                      .grace_ms = settings_number (settings, "slow.grace"),
                                      .rate = (uint64_t) settings_number (settings, "slow.rate")};
    whole.proxy |= settings_flag (settings, "tls");
    whole.bodies = (size_t) settings_number (settings, "bodies");
    if (!settings_flag (settings, "tls"))
        whole.header_count--;
    if (http_listen (reactor, &whole, ret) == 0)
        return 0;
    log_error ("%s cannot be listened on: %s; is the port taken (ss -ltnp shows by whom)?",
               whole.door, strerrordesc_np (errno));
    return EX_UNAVAILABLE;
}

const char *front_refusal (struct http_request *request, unsigned status)
{
    if (status == 413)
        return "body_large";
    if (status == 414)
        return "address_long";
    if (status != 503)
        return "form";
    http_later (request, FRONT_LATER_MS);
    return "body_room";
}

void front_page (struct http_request *request, unsigned status, const struct template_set *set,
                 const char *template, json_t *values)
{
    struct buffer out = {0};

    template_render (set, template, values, &out);
    http_say (request, "Cache-Control", "no-store");
    http_answer (request, status, "text/html; charset=utf-8", out.at, out.len);
    buffer_free (&out);
}
