/* desk.c - settings, start and stop; a request becomes a visit, and goes where the table of routes says. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include "client/client.h"
#include "desk.h"

const struct setting desk_settings[] = {
    {"door", SETTING_TEXT, "tcp://127.0.0.1:8312", 0, 0, false,
     "where browsers and programs connect; plain HTTP: TLS is a proxy's"},
    {"tls", SETTING_FLAG, "false", 0, 0, false,
     "a proxy with TLS stands before it: cookies are Secure, and bound to this host"},
    {"origin", SETTING_TEXT, "", 0, 0, false,
     "as browsers name this door, https://desk.example.go.id; empty: by the Host header"},
    {"router", SETTING_TEXT, "tcp://127.0.0.1:8314", 0, 0, false, "workers' door of the router"},
    {"router_key", SETTING_PATH, "keys/router.pub", 0, 0, false, "its public key"},
    {"key", SETTING_PATH, "keys/front-desk.key", 0, 0, false, "own key, of role front"},
    {"files", SETTING_PATH, "files", 0, 0, false, "folder of attachments"},
    {"zone", SETTING_NUMBER, "7", 7, 9, false, "hours east of UTC in which times are shown"},
    {"connections", SETTING_NUMBER, "400", 10, 4000, false, "connections at most"},
    {"idle", SETTING_DURATION, "30s", 1000, 600000, false,
     "a connection that says nothing for so long is closed"},
};
const size_t desk_settings_len = array_len (desk_settings);

bool desk_settings_right (const struct settings *settings)
{
    return settings_door (settings, "door");
}

/* ---- requests ---------------------------------------------------------------------------------- */

static size_t on_limit (void *owner, enum http_method method, const char *path)
{
    (void) owner;
    if (method != HTTP_POST)
        return 0;
    /* an act's form may bring files; whoever sends them without a session gets no further than here */
    return strncmp (path, "/cases/", 7) == 0 ? (size_t) FILES_MOST * FILE_MOST + BODY_MOST
                                             : BODY_MOST;
}

static void on_request (void *owner, struct http_request *request)
{
    struct desk *desk = owner;
    const char *path = http_path (request);
    struct visit *visit;
    bool other;

    if (strncmp (path, "/assets/", 8) == 0 && http_method (request) <= HTTP_HEAD &&
        asset_answer (request, path + 8))
        return;
    if (strcmp (path, "/api/v1/openapi.yaml") == 0 && http_method (request) <= HTTP_HEAD &&
        asset_answer (request, "openapi.yaml"))
        return;
    visit = visit_new (desk, request);
    visit->route = route_find (visit, &other);
    log_debug ("%s %s", http_method_word (request), log_text (path, strlen (path)));
    if (!desk->up) {
        visit_refuse (visit, 503, "stopping");
    } else if (!visit->route && other) {
        http_say (request, "Allow", "GET, HEAD, POST");
        visit_refuse (visit, 405, "method");
    } else if (!visit->route) {
        visit_refuse (visit, 404, "absent");
    } else if (!visit->route->open && !visit->has_session) {
        if (visit->api || http_method (request) == HTTP_POST)
            visit_refuse (visit, 401, "session");
        else
            visit_redirect (visit, "/login");
    } else if (http_method (request) == HTTP_POST && !visit_ours (visit)) {
        visit_refuse (visit, 403, "forged");
    } else if (visit->api && http_method (request) == HTTP_POST && !json_is_object (visit->body) &&
               http_body (request).len) {
        visit_refuse (visit, 400, "json");
    } else {
        metric_add (desk_requests_total, 1);
        visit->route->run (visit);
    }
}

/* ---- the program's life ------------------------------------------------------------------------ */

static const struct http_header headers[] = {
    {"Content-Security-Policy",
     "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
     "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
};
static const struct http_header tls_header = {"Strict-Transport-Security",
                                              "max-age=31536000; includeSubDomains"};

static int doors_open (struct desk *desk, const struct settings *settings)
{
    char *query = xformat ("ipc://%s/query.sock", settings_text (settings, "run"));
    struct aduan_options options = {
        .loop = desk->loop,
        .name = "desk",
        .router = settings_text (settings, "router"),
        .router_key = settings_text (settings, "router_key"),
        .key_file = settings_text (settings, "key"),
        .query = query,
    };
    int fail = aduan_open (&options, &desk->aduan);
    free (query);
    if (fail) {
        log_error ("%s", aduan_problem ());
        return EX_CONFIG;
    }
    size_t count = array_len (headers);
    memcpy (desk->headers, headers, sizeof headers);
    if (desk->tls)
        desk->headers[count++] = tls_header;
    fail = http_listen (desk->reactor,
                        &(struct http_options){
                            .door = settings_text (settings, "door"),
                            .connections = (unsigned) settings_number (settings, "connections"),
                            .idle_ms = settings_number (settings, "idle"),
                            .headers = desk->headers,
                            .header_count = count,
                            .limit = on_limit,
                            .handle = on_request,
                            .owner = desk,
                        },
                        &desk->server);
    if (fail) {
        log_error ("%s cannot be listened on: %s; is the port taken (ss -ltnp shows by whom)?",
                   settings_text (settings, "door"), strerrordesc_np (errno));
        return EX_UNAVAILABLE;
    }
    return 0;
}

int desk_start (struct reactor *reactor, const struct settings *settings, void **ret_state)
{
    struct desk *desk = xcalloc (1, sizeof *desk);

    *ret_state = desk;
    desk->reactor = reactor;
    desk->tls = settings_flag (settings, "tls");
    desk->zone = (int) settings_number (settings, "zone");
    desk->origin = xstrdup (settings_text (settings, "origin"));
    desk->loop = client_loop_on (reactor);
    desk->files = files_new (reactor, settings_text (settings, "files"));
    if (!desk->files) {
        log_error ("%s: attachments cannot be kept there: %s", settings_text (settings, "files"),
                   strerrordesc_np (errno));
        desk_stop (ret_state);
        return EX_UNAVAILABLE;
    }
    int status = doors_open (desk, settings);
    if (status)
        desk_stop (ret_state);
    else
        desk->up = true;
    return status;
}

bool desk_drain (void *state)
{
    struct desk *desk = state;

    if (desk->up)
        http_quiet (desk->server);
    desk->up = false;
    return http_unanswered (desk->server) == 0;
}

void desk_stop (void **state)
{
    struct desk *desk = *state;

    if (!desk)
        return;
    *state = NULL;
    aduan_close (&desk->aduan); /* ends what is under way, so that every visit is answered */
    files_destroy (&desk->files);
    http_close (&desk->server);
    aduan_loop_free (&desk->loop);
    free (desk->origin);
    free (desk);
}

bool desk_show (void *state, const char *what, struct buffer *out)
{
    const struct desk *desk = state;

    if (strcmp (what, "door") != 0)
        return false;
    buffer_format (out, "port %u\nunanswered %u\nstore and query %s\n", http_port (desk->server),
                   http_unanswered (desk->server), aduan_is_up (desk->aduan) ? "up" : "down");
    return true;
}
