/* web.c - settings, start and stop; a request becomes a visit, and goes to the channel whose address it is. */
#include "web.h"
#include "gateway.h"
#include "mime.h"
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include "channel/api.h"
#include "client.h"
#include "client/client.h"
#include "http/front.h"
#include "limit.h"
#include "taken.h"
#include "domain/number.h"

#define HEADER_MOST 131072 /* Open311's clients name all their open requests in one address */

const struct setting web_settings[] = {
#define FRONT_PORT        "8311"
#define FRONT_HOST        "aduan.example.go.id"
#define FRONT_KEY         "keys/front-web.key"
#define FRONT_CONNECTIONS "2000"
#define FRONT_GRACE       "60s"
#define FRONT_RESERVE     "1GiB"
#include "http/front.def"
    {"secret", SETTING_PATH, "keys/web.key", 0, 0, false,
     "64 hexadecimal digits, the same for all web doors of an installation"},
    {"files_unpinned", SETTING_BYTES, "8GiB", 67108864, INT64_MAX, false,
     "bytes of uploads that no report names yet, all together; beyond them none is taken"},
    {"open311.contact", SETTING_TEXT, "", 0, 0, false,
     "Open311's discovery: whom to ask about it; empty: the operator of this address"},
    {"open311.key_service", SETTING_TEXT, "", 0, 0, false,
     "Open311's discovery: how to get a key; empty: from the operator of this address"},
    {"open311.keyless", SETTING_FLAG, "false", 0, 0, false,
     "Open311: requests are taken without an api_key, too, as the account open311"},
    {"notices", SETTING_TEXT, "", 0, 0, false,
     "channels by which news go, of email, sms, whatsapp; empty: those of section notifier in this file"},
    {"sending", SETTING_NUMBER, "250", 1, 100000, false,
     "submissions under way; those beyond are asked to come again"},
    {"redis", SETTING_TEXT, "", 0, 0, false,
     "unix:/PATH or tcp://ADDRESS:PORT of the Redis in which web doors share their counts; empty: each counts for itself"},
    {"forwarded", SETTING_FLAG, "false", 0, 0, false,
     "a proxy stands before it and says in X-Forwarded-For who connects; so it is where tls is true"},
    {"limit.bodies", SETTING_NUMBER, "4", 0, 1000, false,
     "bodies larger than 256 KiB that one source may have under way; 0: any number"},
#define LIMIT(name, window, setting, usual, help)                                                  \
    {setting, SETTING_NUMBER, #usual, 0, 1000000000, false, help},
#include "limit.def"
    {"gateway_secret", SETTING_PATH, "keys/gateway.key", 0, 0, false,
     "one line that gateways show; without the file SMS has no door, and mail one for this host alone"},
    {"gateway_bytes", SETTING_BYTES, "128MiB", 33554432, 68719476736, false,
     "bytes of memory that media of WhatsApp and mails take together until they are sent on; those beyond are brought again"},
    {"reply_key", SETTING_PATH, "keys/reply.key", 0, 0, false,
     "64 hexadecimal digits, aduan-notifier's: by it answers and bounces are known"},
    {"sms.prefixes", SETTING_TEXT, "LAPOR, ADUAN", 0, 0, false,
     "words that begin a report by SMS, of any letter case, between commas"},
    {"mail.address", SETTING_TEXT, "", 0, 0, false,
     "our own address: what comes from it is not answered"},
    {"maildir", SETTING_PATH, "", 0, 0, false, "a Maildir whose new mails are taken; empty: none"},
    {"maildir_every", SETTING_DURATION, "5s", 50, 3600000, false, "how often it is looked at"},
    {"whatsapp.secret", SETTING_PATH, "keys/whatsapp-app.secret", 0, 0, false,
     "one line, Meta's app secret; without the file WhatsApp has no door"},
    {"whatsapp.verify", SETTING_PATH, "keys/whatsapp-verify.secret", 0, 0, false,
     "one line, the token that Meta shows once at its registration"},
    {"whatsapp.token", SETTING_PATH, "keys/whatsapp.token", 0, 0, false,
     "one line, the access token by which media are fetched"},
    {"whatsapp.url", SETTING_TEXT, "https://graph.facebook.com/v19.0", 0, 0, false,
     "Meta's Graph API, of whose hosts media are fetched"},
};
const size_t web_settings_len = array_len (web_settings);

bool web_settings_right (const struct settings *settings)
{
    return gateways_right (settings) && limits_right (settings) && notices_right (settings) &&
           settings_door (settings, "door");
}

/* ---- which visit goes where -------------------------------------------------------------------- */

#define CHANNEL(name) extern const struct inlet inlet_##name;
#include "channel/channel.def"

static const struct inlet *const inlets[] = {
#define CHANNEL(name) &inlet_##name,
#include "channel/channel.def"
};

/* The route of a request; NULL: there is none.  *ret_other: but one for another method. */
static const struct route *route_find (enum http_method method, const char *path,
                                       struct http_parts *ret_parts, const struct inlet **ret_inlet,
                                       bool *ret_other)
{
    *ret_other = false;
    *ret_inlet = inlets[0];
    if (method == HTTP_HEAD)
        method = HTTP_GET;
    for (size_t i = 0; i < array_len (inlets); i++)
        for (size_t k = 0; k < inlets[i]->route_count; k++) {
            const struct route *route = &inlets[i]->routes[k];
            if (!http_path_fits (route->pattern, path, ret_parts))
                continue;
            *ret_inlet = inlets[i];
            if (route->method == method)
                return route;
            http_parts_done (ret_parts);
            *ret_other = true;
        }
    return NULL;
}

static size_t on_limit (void *owner, enum http_method method, const char *path, bool *ret_sinks)
{
    const struct inlet *inlet;
    const struct web *web = owner;
    struct http_parts parts;
    bool other;
    const struct route *route = route_find (method, path, &parts, &inlet, &other);

    http_parts_done (&parts);
    /* a mail is larger than files, and is read whole */
    *ret_sinks = route && (route->most == BODY_FILE || route->most == BODY_FILES ||
                           route->most == BODY_TOLD);
    if (route && route->most == BODY_FILE)
        return content_most (web->content);
    return route ? route->most : FORM_MOST; /* is read, to be told that nothing is there */
}

static void *on_file (void *owner, struct http_request *request)
{
    const struct web *web = owner;
    return brought_begin (web->content, request);
}

/* What is known of a request when its header is there; else it is made when all of it is. */
static struct visit *visit_of (struct web *web, struct http_request *request)
{
    struct visit *visit = http_kept (request);

    return visit ? visit : visit_new (web, request);
}

/* What its header proves of who sends it; NONE: he need not be known.  A sandbox's token is given to whoever wants to try: it is
 * counted, and has no more room than a stranger. */
enum proof { PROOF_NONE, PROOF_SANDBOX, PROOF_TOKEN, PROOF_GATEWAY, PROOF_WRONG };

/* Mail may come without proof from this host. */
static enum proof proof_of (struct visit *visit, const struct inlet *inlet,
                            const struct client *client)
{
    if (client)
        return client->sandbox ? PROOF_SANDBOX : PROOF_TOKEN;
    if (inlet == &inlet_api)
        return PROOF_WRONG;
    return gateway_proved (visit, inlet == &inlet_mail) ? PROOF_GATEWAY : PROOF_NONE;
}

/* For whom is it, and what does it prove? */
static enum proof proof_find (struct visit *visit, const struct inlet **ret_inlet,
                              const struct client **ret_client)
{
    struct http_request *request = visit->request;
    struct http_parts parts;
    bool other;

    *ret_client =
        client_find (visit->web->clients, client_bearer (http_header (request, "Authorization")));
    route_find (http_method (request), http_path (request), &parts, ret_inlet, &other);
    http_parts_done (&parts);
    return proof_of (visit, *ret_inlet, *ret_client);
}

/* Small bodies of programs with a token and of gateways find room, whoever else sends how much. */
static bool on_known (void *owner, struct http_request *request)
{
    const struct client *client;
    const struct inlet *inlet;
    enum proof proof = proof_find (visit_of (owner, request), &inlet, &client);

    return proof == PROOF_TOKEN || proof == PROOF_GATEWAY;
}

/* It is known what its source has sent through all doors. */
static void body_met (struct visit *visit)
{
    visit->body = limit_body (visit);
    visit->body_wait =
        visit->body ? limit_upload (visit, http_body_most (visit->request)) : FRONT_LATER_MS;
    http_proved (visit->request, visit->body_wait ? HTTP_NOT_KNOWN : HTTP_WHOLE);
}

/* A large body of a program: so much in an hour.  What is more the API's own handler refuses before a byte of it comes; of a form
 * its words are read, as of whoever has no token. */
static enum http_loss token_met (struct visit *visit, const struct inlet *inlet,
                                 const struct client *client)
{
    visit->body_wait = client_upload (visit, client, http_body_most (visit->request));
    return !visit->body_wait ? HTTP_WHOLE : inlet == &inlet_api ? HTTP_UNWANTED : HTTP_NOT_KNOWN;
}

/* A large body: of a gateway it may come, of one token so much in an hour, of one source besides only some at a time.  Where nothing
 * is taken but by a token, and there is none that is right, nobody reads it. */
static void on_prove (void *owner, struct http_request *request)
{
    struct visit *visit = visit_of (owner, request);
    const struct client *client;
    const struct inlet *inlet;

    switch (proof_find (visit, &inlet, &client)) {
    case PROOF_NONE: limit_meet (visit, body_met); break;
    case PROOF_SANDBOX:
    case PROOF_TOKEN: http_proved (request, token_met (visit, inlet, client)); break;
    case PROOF_GATEWAY: http_proved (request, HTTP_WHOLE); break;
    case PROOF_WRONG: http_proved (request, HTTP_UNWANTED); break;
    }
}

/* What the door itself turns away, in the words of the channel that it was for. */
static void on_refuse (void *owner, struct http_request *request, unsigned status)
{
    struct visit *visit = visit_of (owner, request);
    bool other;

    visit->route = route_find (http_method (request), http_path (request), &visit->parts,
                               &visit->inlet, &other);
    visit_refuse (visit, status, front_refusal (request, status));
}

/* Its source is known as far as other doors know it.  What it sends is counted by its handler, besides. */
static void source_met (struct visit *visit)
{
    int64_t wait = 0;

    if (!visit->web->up) {
        http_later (visit->request, LATER_MS);
        visit_refuse (visit, 503, "stopping");
        return;
    }
    if (visit->inlet->counted == COUNTED_BY_SOURCE)
        wait = limit_read (visit);
    if (wait)
        visit_often (visit, "often", wait);
    else
        visit->route->run (visit);
}

/* Not all of its body is here. */
static void body_lost (struct visit *visit, enum http_loss loss)
{
    int64_t wait = visit->body_wait ? visit->body_wait : FRONT_LATER_MS;

    if (loss == HTTP_UNWANTED)
        visit->route->run (visit); /* which says whose token is missing, or has sent too much */
    else if (loss == HTTP_NOT_KNOWN && visit->inlet->counted == COUNTED_BY_SOURCE)
        visit_often (visit, "body_often", wait);
    else {
        http_later (visit->request, wait);
        visit_refuse (visit, 503, "body_room");
    }
}

/* The methods that this address takes, each once. */
static void allow_say (struct http_request *request, const char *path)
{
    static const char *const words[] = {
        [HTTP_GET] = "GET, HEAD", [HTTP_POST] = "POST",     [HTTP_PUT] = "PUT",
        [HTTP_PATCH] = "PATCH",   [HTTP_DELETE] = "DELETE", [HTTP_OTHER] = NULL};
    struct buffer methods = {0};
    struct http_parts parts;
    unsigned said = 0;

    for (size_t i = 0; i < array_len (inlets); i++)
        for (size_t k = 0; k < inlets[i]->route_count; k++) {
            const struct route *route = &inlets[i]->routes[k];
            if (said & 1u << route->method || !words[route->method] ||
                !http_path_fits (route->pattern, path, &parts))
                continue;
            http_parts_done (&parts);
            said |= 1u << route->method;
            buffer_format (&methods, "%s%s", methods.len ? ", " : "", words[route->method]);
        }
    buffer_add (&methods, "", 1);
    http_say (request, "Allow", methods.at);
    buffer_free (&methods);
}

static void on_request (void *owner, struct http_request *request)
{
    struct web *web = owner;
    const char *path = http_path (request);
    enum http_method method = http_method (request);
    bool other;

    if (strncmp (path, "/assets/", 8) == 0 && method <= HTTP_HEAD && web_asset (request, path + 8))
        return;
    /* a page for each whom nobody can serve would leave nothing for those who can be served */
    if (method == HTTP_POST && web->sending >= web->sending_most && http_crowded (web->server)) {
        metric_add (web_shed_total, 1);
        http_answer_crowded (request);
        return;
    }
    struct visit *visit = visit_of (web, request);
    visit->route = route_find (method, path, &visit->parts, &visit->inlet, &other);
    if (!web->up) {
        http_later (request, LATER_MS);
        visit_refuse (visit, 503, "stopping");
    } else if (!visit->route && other) {
        allow_say (request, path);
        visit_refuse (visit, 405, "method");
    } else if (!visit->route) {
        visit_refuse (visit, 404, "absent");
    } else if (http_lost (request) != HTTP_WHOLE) {
        body_lost (visit, http_lost (request));
    } else if (method != HTTP_GET && method != HTTP_HEAD && !visit->route->foreign &&
               !http_same_origin (request, web->origin)) {
        visit_refuse (visit, 403, "forged");
    } else {
        metric_add (web_requests_total, 1);
        if (visit->inlet->counted == COUNTED_BY_PROOF)
            visit->route->run (visit);
        else
            limit_meet (visit, source_met);
    }
}

/* ---- the program's life ------------------------------------------------------------------------ */

static const struct http_header headers[] = {
    {"Content-Security-Policy",
     "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' blob:; connect-src 'self'; "
     "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"},
    {"Permissions-Policy", "camera=(), geolocation=(self), microphone=()"},
    FRONT_HEADERS,
};

static int secret_read (struct web *web, const struct settings *settings)
{
    const char *path = settings_text (settings, "secret");

    if (number_read_key (path, web->secret) == 0)
        return 0;
    log_error ("web.secret: '%s' is no file of 64 hexadecimal digits; aduan keygen FILE --id makes "
               "one",
               path);
    return EX_CONFIG;
}

static int links_open (struct web *web, const struct settings *settings)
{
    char *query = xformat ("ipc://%s/public.sock", settings_text (settings, "run"));
    struct aduan_options in = {
        .loop = web->loop,
        .name = "web",
        .intake = settings_text (settings, "intake"),
        .intake_key = settings_text (settings, "intake_key"),
        .key_file = settings_text (settings, "key"),
        .repeat_ms = 3000,
        .away_ms = FRONT_AWAY_MS,
    };
    struct aduan_options out = {
        .loop = web->loop, .name = "web", .query = query, .away_ms = FRONT_AWAY_MS};
    int fail = aduan_open (&in, &web->intake);

    if (fail == 0)
        fail = aduan_open (&out, &web->query);
    free (query);
    if (fail)
        log_error ("%s", aduan_problem ());
    return fail ? EX_CONFIG : 0;
}

static int content_open_folder (struct web *web, const struct settings *settings)
{
    const char *reencoder = settings_text (settings, "reencoder");
    struct content_options options = {
        .folder = settings_text (settings, "files"),
        .box_documents = true,
        .reserve = (uint64_t) settings_number (settings, "files_reserve"),
        .unpinned_most = (uint64_t) settings_number (settings, "files_unpinned"),
        .video_bytes = (uint64_t) settings_number (settings, "video_bytes"),
        .video_seconds = (unsigned) settings_number (settings, "video_seconds"),
        .reencode = settings_flag (settings, "reencode"),
        .reencoder = *reencoder ? reencoder : NULL,
    };
    int fail = content_new (web->reactor, &options, &web->content);

    if (fail)
        log_error ("web.files: %s: attachments cannot be kept there: %s", options.folder,
                   fail == FAIL_IO ? strerrordesc_np (errno) : fail_text (fail));
    return fail ? EX_UNAVAILABLE : 0;
}

static int door_listen (struct web *web, const struct settings *settings)
{
    char *crowded = web_both ("fault_crowded");
    int status = front_listen (web->reactor, settings,
                               &(struct http_options){
                                   .header = HEADER_MOST,
                                   .small = FORM_MOST,
                                   .crowded = crowded,
                                   .headers = headers,
                                   .header_count = array_len (headers),
                                   .limit = on_limit,
                                   .prove = on_prove,
                                   .known = on_known,
                                   .proxy = settings_flag (settings, "forwarded"),
                                   .refuse = on_refuse,
                                   .handle = on_request,
                                   .sink = brought_sink (on_file),
                                   .owner = web,
                               },
                               &web->server);
    free (crowded);
    return status;
}

int web_start (struct reactor *reactor, const struct settings *settings, void **ret_state)
{
    struct web *web = xcalloc (1, sizeof *web);

    *ret_state = web;
    web->reactor = reactor;
    web->tls = settings_flag (settings, "tls");
    web->zone = (int) settings_number (settings, "zone");
    web->sending_most = (unsigned) settings_number (settings, "sending");
    web->notices = notices_read (settings);
    web->origin = xstrdup (settings_text (settings, "origin"));
    web->open311_contact = xstrdup (settings_text (settings, "open311.contact"));
    web->open311_key_service = xstrdup (settings_text (settings, "open311.key_service"));
    web->open311_keyless = settings_flag (settings, "open311.keyless");
    web->loop = client_loop_on (reactor);
    web->sandbox = sandbox_new ();
    web->limits = limits_new (web, settings);
    web->taken = taken_new ();
    int status = secret_read (web, settings);
    if (status == 0)
        status = content_open_folder (web, settings);
    if (status == 0)
        status = links_open (web, settings);
    if (status == 0) {
        char *path = xformat ("%s/snapshots/web/clients.json", settings_text (settings, "data"));
        web->clients = clients_new (web, path);
        free (path);
        mail_begin ();
        status = gateways_open (web, settings, &web->gateways);
    }
    if (status == 0)
        status = door_listen (web, settings);
    if (status)
        web_stop (ret_state);
    else
        web->up = true;
    return status;
}

bool web_drain (void *state)
{
    struct web *web = state;

    if (web->up) {
        http_quiet (web->server);
        gateways_drain (web->gateways);
    }
    web->up = false;
    return http_unanswered (web->server) == 0;
}

void web_stop (void **state)
{
    struct web *web = *state;

    if (!web)
        return;
    *state = NULL;
    web->up = false;
    limits_stop (web->limits);
    gateways_stop (web->gateways);
    aduan_close (&web->intake); /* ends what is under way, so that every visit is answered */
    aduan_close (&web->query);
    clients_destroy (&web->clients);
    if (web->server)
        http_close_sink (web->server);
    content_destroy (&web->content);
    gateways_close (&web->gateways);
    http_close (&web->server);
    aduan_loop_free (&web->loop);
    limits_free (&web->limits);
    taken_free (&web->taken);
    sandbox_free (&web->sandbox);
    sodium_memzero (web->secret, sizeof web->secret);
    json_decref (web->categories);
    free (web->origin);
    free (web->open311_contact);
    free (web->open311_key_service);
    free (web);
}

void web_measure (void *state)
{
    const struct web *web = state;
    struct http_counts counts = http_counts (web->server);

    metric_set (web_crowded_total, counts.crowded);
    metric_set (web_cut_total, counts.cut);
    metric_set (web_no_room_total, counts.no_room);
    metric_set (web_body_bytes, counts.booked);
    metric_set (web_gateway_bytes, gateway_held (web->gateways));
    metric_set (web_sending, web->sending);
    metric_set (web_flood, limits_flood (web->limits));
    metric_set (web_limits_late_total, limits_late (web->limits));
    metric_set (web_limits_shared, limits_shared (web->limits));
}

bool web_show (void *state, const char *what, struct buffer *out)
{
    const struct web *web = state;

    if (strcmp (what, "door") != 0)
        return false;
    buffer_format (
        out,
        "port %u\nunanswered %u\nsending %u of %u\nintake %s\nquery %s\nprograms %zu\nredis %s\n",
        http_port (web->server), http_unanswered (web->server), web->sending, web->sending_most,
        aduan_is_up (web->intake) ? "up" : "down", aduan_is_up (web->query) ? "up" : "down",
        clients_count (web->clients), limits_shared (web->limits) ? "up" : "down");
    return true;
}
