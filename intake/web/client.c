/* client.c - the list of programs that come in by HTTP.
 *
 *     start: the file -> each second: web_clients (version) -> another one: its list -> in force -> the file
 *
 * With aduan-query away the last list stays in force, for as long as that takes.
 */
#include "client.h"
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include "limit.h"
#include "web.h"

#define LOOK_MS   1000
#define SILENT_MS 10000 /* without word from aduan-query: said once */
#define LIST_MOST 16777216

struct clients {
    struct web *web;
    char *path;
    char version[64];
    bool there;
    struct client *list;
    size_t count;
    struct timer *look;
    bool asking, silent;
    int64_t heard; /* mono_ms */
};

/* ---- a list ------------------------------------------------------------------------------------ */

static const char *text_of (const json_t *row, const char *key)
{
    const char *text = json_string_value (json_object_get (row, key));
    return text ? text : "";
}

static uint32_t number_of (const json_t *row, const char *key)
{
    json_int_t number = json_integer_value (json_object_get (row, key));
    return number < 0 ? 0 : number > UINT32_MAX ? UINT32_MAX : (uint32_t) number;
}

/* False: the row is none that can be used. */
static bool client_read (const json_t *row, struct client *ret)
{
    const char *hash = text_of (row, "token_hash"), *until = text_of (row, "until");
    const char *account = text_of (row, "account"), *rights = text_of (row, "rights");
    uint64_t end = 0;

    *ret = (struct client){
        .principal = number_of (row, "principal"),
        .sandbox = json_is_true (json_object_get (row, "sandbox")),
        .expected_datetime = json_is_true (json_object_get (row, "expected_datetime")),
        .requests = number_of (row, "requests"),
        .submissions = number_of (row, "submissions"),
    };
    if (*until && !time_parse (view_of (until), 0, &end))
        return false;
    ret->until_ms = (int64_t) end;
    snprintf (ret->account, sizeof ret->account, "%s", account);
    snprintf (ret->rights, sizeof ret->rights, "%s", *rights ? rights : "-");
    return *account && strlen (account) < sizeof ret->account &&
           strlen (hash) == (size_t) 2 * CLIENT_HASH_BYTES &&
           hex_parse (hash, ret->token_hash, CLIENT_HASH_BYTES) == 0;
}

/* Into force; false: it is no list, and the former one stays. */
static bool clients_adopt (struct clients *clients, const json_t *said)
{
    const json_t *rows = json_object_get (said, "clients");
    const char *version = text_of (said, "version");
    size_t most = json_array_size (rows), count = 0;

    if (!json_is_array (rows) || !*version || strlen (version) >= sizeof clients->version ||
        most > CLIENTS_MOST)
        return false;
    struct client *list = xcalloc (most + 1, sizeof *list);
    for (size_t i = 0; i < most; i++)
        if (client_read (json_array_get (rows, i), &list[count]))
            count++;
    free (clients->list);
    clients->list = list;
    clients->count = count;
    clients->there = true;
    snprintf (clients->version, sizeof clients->version, "%s", version);
    return true;
}

/* ---- file and following ------------------------------------------------------------------------ */

static void file_load (struct clients *clients)
{
    char *text = NULL;
    size_t len = 0;

    if (file_read (clients->path, LIST_MOST, &text, &len) != 0)
        return;
    json_t *said = json_loadb (text, len, 0, NULL);
    if (!clients_adopt (clients, said))
        log_warning ("%s is damaged; programs are let in when aduan-query says who they are",
                     clients->path);
    json_decref (said);
    free (text);
}

static void file_keep (const struct clients *clients, const json_t *said)
{
    char *text = json_dumps (said, JSON_COMPACT);

    if (file_write (clients->path, text, strlen (text), 0600) != 0)
        log_limited (LOG_WARNING,
                     "%s cannot be written: %s; after a start without PostgreSQL an older list of "
                     "programs is in force",
                     clients->path, strerrordesc_np (errno));
    free (text);
}

static void on_list (void *owner, const struct aduan_answer *answer)
{
    struct clients *clients = owner;
    json_t *rows =
        answer->result == ADUAN_DONE ? json_loadb (answer->text, answer->text_len, 0, NULL) : NULL;
    const json_t *said = json_array_get (rows, 0);

    clients->asking = false;
    if (said) {
        clients->heard = mono_ms ();
        if (clients->silent)
            log_info ("aduan-query says again which programs may come in");
        clients->silent = false;
        if (clients_adopt (clients, said)) {
            log_info ("programs that may come in: %zu tokens, version %s", clients->count,
                      clients->version);
            file_keep (clients, said);
        }
    } else if (answer->result == ADUAN_REFUSED)
        log_limited (LOG_WARNING, "web_clients refused: %s",
                     log_text (answer->text, answer->text_len));
    json_decref (rows);
}

static void at_look (void *owner)
{
    struct clients *clients = owner;
    int64_t now = mono_ms ();

    reactor_timer_at (clients->look, now + LOOK_MS);
    if (!clients->silent && now - clients->heard > SILENT_MS) {
        clients->silent = true;
        log_warning ("aduan-query has not said for 10 s which programs may come in; the last list "
                     "(%zu tokens) stays in force",
                     clients->count);
    }
    if (clients->asking || !aduan_is_up (clients->web->query))
        return;
    json_t *known = json_pack ("[s]", clients->version);
    char *arguments = json_dumps (known, JSON_COMPACT);
    clients->asking = true;
    aduan_ask_start (clients->web->query, "web_clients", arguments, ASK_MS, on_list, clients);
    json_decref (known);
    free (arguments);
}

struct clients *clients_new (struct web *web, const char *path)
{
    struct clients *clients = xcalloc (1, sizeof *clients);
    char *folder = xstrdup (path);

    clients->web = web;
    clients->path = xstrdup (path);
    clients->heard = mono_ms ();
    for (char *slash = strchr (folder + 1, '/'); slash; slash = strchr (slash + 1, '/')) {
        *slash = '\0';
        mkdir (folder, 0750); /* it is there, or file_write says why not */
        *slash = '/';
    }
    free (folder);
    file_load (clients);
    clients->look = reactor_timer (web->reactor, clients->heard, at_look, clients);
    return clients;
}

void clients_destroy (struct clients **held)
{
    struct clients *clients = *held;

    if (!clients)
        return;
    *held = NULL;
    reactor_timer_forget (&clients->look);
    free (clients->list);
    free (clients->path);
    free (clients);
}

/* ---- who it is, and what is left to him -------------------------------------------------------- */

bool clients_there (const struct clients *clients)
{
    return clients->there;
}

const struct client *client_find (struct clients *clients, const char *token)
{
    uint8_t bytes[CLIENT_HASH_BYTES], hash[CLIENT_HASH_BYTES];
    const struct client *found = NULL;
    bool right = strlen (token) == 2 * sizeof bytes && hex_parse (token, bytes, sizeof bytes) == 0;

    if (!right)
        memset (bytes, 0, sizeof bytes);
    crypto_hash_sha256 (hash, bytes, sizeof bytes);
    for (size_t i = 0; i < clients->count; i++)
        if (sodium_memcmp (clients->list[i].token_hash, hash, sizeof hash) == 0)
            found = &clients->list[i];
    sodium_memzero (bytes, sizeof bytes);
    return right && found && (!found->until_ms || found->until_ms > wall_ms ()) ? found : NULL;
}

const char *client_bearer (const char *authorization)
{
    if (!authorization || strncasecmp (authorization, "Bearer ", 7) != 0)
        return "";
    return authorization + 7 + strspn (authorization + 7, " ");
}

static struct view token_of (const struct client *client)
{
    return (struct view){(const char *) client->token_hash, sizeof client->token_hash};
}

int64_t client_request (struct clients *clients, const struct client *client)
{
    return limit_take_of (clients->web->limits, LIMIT_token_minute, token_of (client),
                          client->requests, NULL);
}

int64_t client_submit (struct clients *clients, const struct client *client, struct tally *tally)
{
    return limit_take_of (clients->web->limits, LIMIT_token_day, token_of (client),
                          client->submissions, tally);
}

int64_t client_upload (struct visit *visit, const struct client *client, size_t bytes)
{
    return limit_upload_token (visit, token_of (client), bytes);
}

size_t clients_count (const struct clients *clients)
{
    return clients->count;
}

const char *clients_version (const struct clients *clients)
{
    return clients->version;
}
