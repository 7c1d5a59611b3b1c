/* desk.c - settings, start and stop; a request becomes a visit, and goes where the table of routes says. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include "client/client.h"
#include "desk.h"
#include "http/front.h"

const struct setting desk_settings[] = {
#define FRONT_PORT        "8312"
#define FRONT_HOST        "desk.example.go.id"
#define FRONT_KEY         "keys/front-desk.key"
#define FRONT_CONNECTIONS "400"
#define FRONT_GRACE       "30s"
#define FRONT_RESERVE     "512MiB"
#include "http/front.def"
    {"router", SETTING_TEXT, "tcp://127.0.0.1:8314", 0, 0, false, "workers' door of the router"},
    {"router_key", SETTING_PATH, "keys/router.pub", 0, 0, false, "its public key"},
    {"unpinned", SETTING_DURATION, "24h", 1000, 2592000000, false,
     "an upload that nothing names goes after this"},
    {"unnamed", SETTING_DURATION, "30d", 691200000, 3153600000000, false,
     "a kept file that is older, and that no case names any more, goes"},
    {"login.burst", SETTING_NUMBER, "120", 1, 100000, false,
     "log-ins at once from one source: an address, of IPv6 a /64"},
    {"login.minute", SETTING_NUMBER, "60", 1, 100000, false, "further ones a minute"},
    {"login.inside", SETTING_NUMBER, "6", 1, 1000, false,
     "log-ins of one source under way; the store hashes one password at a time, and 15 wait"},
    SCRAPE_SETTINGS,
};
const size_t desk_settings_len = array_len (desk_settings);

bool desk_settings_right (const struct settings *settings)
{
    bool door = settings_door (settings, "door");

    return scrape_settings_right (settings) && door;
}

/* ---- requests ---------------------------------------------------------------------------------- */

/* An act's form, or a report's, may bring files, of a session that is good: on_prove. */
static bool brings_files (const char *path)
{
    static const char cases[] = "/cases/";
    return strcmp (path, "/new") == 0 || (strncmp (path, cases, sizeof cases - 1) == 0 &&
                                          strrchr (path, '/') == path + sizeof cases - 2);
}

static size_t on_limit (void *owner, enum http_method method, const char *path, bool *ret_sinks)
{
    (void) owner;
    if (method != HTTP_POST)
        return 0;
    *ret_sinks = brings_files (path);
    return *ret_sinks ? (size_t) FILES_MOST * FILE_MOST + BODY_MOST : BODY_MOST;
}

static void *on_file (void *owner, struct http_request *request)
{
    const struct desk *desk = owner;
    return brought_begin (desk->content, request);
}

static void on_proof (void *with, const struct aduan_answer *answer)
{
    json_t *rows =
        answer->result == ADUAN_DONE ? json_loadb (answer->text, answer->text_len, 0, NULL) : NULL;
    if (json_array_size (rows) > 0)
        http_shown (with);
    http_proved (with, !json_is_array (rows)         ? HTTP_NOT_KNOWN
                       : json_array_size (rows) == 0 ? HTTP_NOT_PROVED
                                                     : HTTP_WHOLE);
    json_decref (rows);
}

/* Somebody to whom the desk has shown a page a while ago. */
static bool on_known (void *owner, struct http_request *request)
{
    struct desk *desk = owner;
    uint8_t session[SESSION_BYTES];
    bool known = session_of (desk, request, session) && stay_known (desk, session);

    sodium_memzero (session, sizeof session);
    return known;
}

/* Whose files are to come?  Of a page that was opened before the desk started anew nothing is remembered: aduan-query knows. */
static void on_prove (void *owner, struct http_request *request)
{
    struct desk *desk = owner;
    uint8_t session[SESSION_BYTES];

    if (!desk->up || !session_of (desk, request, session))
        http_proved (request, HTTP_NOT_PROVED);
    else if (stay_known (desk, session))
        http_proved (request, HTTP_WHOLE);
    else
        aduan_ask_as_start (desk->aduan, session, "desk_self", "[]", ASK_MS, on_proof, request);
    sodium_memzero (session, sizeof session);
}

/* What the door itself turns away, in our words. */
static void on_refuse (void *owner, struct http_request *request, unsigned status)
{
    struct visit *visit = visit_new (owner, request);

    visit_refuse (visit, status, front_refusal (request, status));
}

/* True, and it is answered: its files were let go.  What was typed comes back to whoever typed it. */
static bool visit_lost (struct visit *visit)
{
    enum http_loss loss = http_lost (visit->request);

    if (loss == HTTP_WHOLE)
        return false;
    if (visit_ours (visit))
        visit_typed (visit);
    if (loss == HTTP_NOT_PROVED) {
        visit_refuse (visit, 401, "session");
        return true;
    }
    http_later (visit->request, FRONT_LATER_MS);
    visit_refuse (visit, 503, loss == HTTP_NO_ROOM ? "body_room" : "query_down");
    return true;
}

static void on_request (void *owner, struct http_request *request)
{
    struct desk *desk = owner;
    const char *path = http_path (request);
    struct visit *visit;
    bool other;

    if (strncmp (path, "/assets/", 8) == 0 && http_method (request) <= HTTP_HEAD &&
        desk_asset (request, path + 8))
        return;
    if (strcmp (path, "/api/v1/openapi.yaml") == 0 && http_method (request) <= HTTP_HEAD &&
        desk_asset (request, "openapi.yaml"))
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
            http_redirect (visit->request, "/login");
    } else if (visit_lost (visit)) {
        return;
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
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
    FRONT_HEADERS,
};

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
        .away_ms = FRONT_AWAY_MS,
    };
    struct aduan_options taking = {
        .loop = desk->loop,
        .name = "desk",
        .intake = settings_text (settings, "intake"),
        .intake_key = settings_text (settings, "intake_key"),
        .key_file = settings_text (settings, "key"),
        .away_ms = FRONT_AWAY_MS,
    };
    int fail = aduan_open (&options, &desk->aduan);
    /* a desk that came before it typed reports may stand where nobody put intake's key */
    if (!fail && aduan_open (&taking, &desk->taking) != 0)
        log_warning ("reports cannot be typed here: %s; settings intake, intake_key",
                     aduan_problem ());
    free (query);
    if (fail) {
        log_error ("%s", aduan_problem ());
        return EX_CONFIG;
    }
    char *crowded = desk_both ("fault_crowded");
    int status = front_listen (desk->reactor, settings,
                               &(struct http_options){
                                   .small = BODY_MOST,
                                   .crowded = crowded,
                                   .headers = headers,
                                   .header_count = array_len (headers),
                                   .limit = on_limit,
                                   .prove = on_prove,
                                   .known = on_known,
                                   .refuse = on_refuse,
                                   .handle = on_request,
                                   .sink = brought_sink (on_file),
                                   .owner = desk,
                               },
                               &desk->server);
    free (crowded);
    return status;
}

static int content_start (struct desk *desk, const struct settings *settings)
{
    const char *folder = settings_text (settings, "files"),
               *reencoder = settings_text (settings, "reencoder");
    int result =
        content_new (desk->reactor,
                     &(struct content_options){
                         .folder = folder,
                         .reserve = (uint64_t) settings_number (settings, "files_reserve"),
                         .unpinned_ms = settings_number (settings, "unpinned"),
                         .video_bytes = (uint64_t) settings_number (settings, "video_bytes"),
                         .video_seconds = (unsigned) settings_number (settings, "video_seconds"),
                         .reencode = settings_flag (settings, "reencode"),
                         .reencoder = *reencoder ? reencoder : NULL,
                         .ask = files_ask,
                         .owner = desk,
                         .orphan_ms = settings_number (settings, "unnamed")},
                     &desk->content);
    if (result != 0)
        log_error ("%s: attachments cannot be kept there: %s", folder,
                   result == FAIL_ABSENT ? "libmagic has no database (package libmagic-mgc)"
                                         : strerrordesc_np (errno));
    return result == 0 ? 0 : EX_UNAVAILABLE;
}

static void own_metrics (void *owner, struct buffer *page)
{
    desk_measure (owner);
    metric_print (page, "desk");
}

int desk_start (struct reactor *reactor, const struct settings *settings, void **ret_state)
{
    struct desk *desk = xcalloc (1, sizeof *desk);

    *ret_state = desk;
    desk->reactor = reactor;
    desk->tls = settings_flag (settings, "tls");
    desk->zone = (int) settings_number (settings, "zone");
    desk->origin = xstrdup (settings_text (settings, "origin"));
    desk->gate = gate_new (&(struct gate_limits){
        .burst = (unsigned) settings_number (settings, "login.burst"),
        .minute = (unsigned) settings_number (settings, "login.minute"),
        .inside = (unsigned) settings_number (settings, "login.inside"),
    });
    desk->twice = twice_new ();
    desk->loop = client_loop_on (reactor);
    int status = content_start (desk, settings);
    if (status == 0)
        status = doors_open (desk, settings);
    if (status) {
        desk_stop (ret_state);
    } else {
        desk->scraper = scraper_new (reactor, desk->loop, settings, own_metrics, desk);
        desk->up = true;
    }
    return status;
}

bool desk_drain (void *state)
{
    struct desk *desk = state;

    if (desk->up)
        http_quiet (desk->server);
    desk->up = false;
    return scraper_quiet (desk->scraper) && http_unanswered (desk->server) == 0;
}

void desk_stop (void **state)
{
    struct desk *desk = *state;

    if (!desk)
        return;
    *state = NULL;
    scraper_free (&desk->scraper);
    aduan_close (&desk->taking);
    aduan_close (&desk->aduan); /* ends what is under way, so that every visit is answered */
    if (desk->server)
        http_close_sink (desk->server);
    content_destroy (&desk->content);
    http_close (&desk->server);
    gate_free (&desk->gate);
    twice_free (&desk->twice);
    aduan_loop_free (&desk->loop);
    free (desk->origin);
    free (desk);
}

void desk_measure (void *state)
{
    const struct desk *desk = state;
    struct http_counts counts = http_counts (desk->server);
    struct content_counts files = content_counts (desk->content);

    metric_set (desk_files_stored_total, files.stored);
    metric_set (desk_files_expired_total, files.expired);
    metric_set (desk_files_copied_total, files.copied);
    metric_set (desk_files_refused_total, files.refused);
    metric_set (desk_files_deleted_total, files.deleted);
    metric_set (desk_files_waiting, files.waiting);
    metric_set (desk_files_oldest_age_seconds,
                files.waiting ? wall_ms () - files.waiting_since_ms : 0);
    metric_set (desk_crowded_total, counts.crowded);
    metric_set (desk_cut_total, counts.cut);
    metric_set (desk_no_room_total, counts.no_room);
    metric_set (desk_unproved_total, counts.unproved);
    metric_set (desk_body_bytes, counts.booked);
}

bool desk_show (void *state, const char *what, struct buffer *out)
{
    const struct desk *desk = state;

    if (strcmp (what, "door") != 0)
        return false;
    buffer_format (out, "port %u\nunanswered %u\nstore and query %s\nmetrics %u\n",
                   http_port (desk->server), http_unanswered (desk->server),
                   aduan_is_up (desk->aduan) ? "up" : "down", scraper_port (desk->scraper));
    return true;
}
