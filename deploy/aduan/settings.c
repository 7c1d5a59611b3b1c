/* settings.c - where everybody is, and handles to them. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "cli.h"

static const struct setting rows[] = {
    {"intake", SETTING_TEXT, "tcp://127.0.0.1:8313", 0, 0, false, "the adapters' door"},
    {"router", SETTING_TEXT, "tcp://127.0.0.1:8314", 0, 0, false, "the workers' door"},
    {"keys", SETTING_PATH, "", 0, 0, false, "folder of key files; empty: <data>/keys"},
    {"adapter", SETTING_TEXT, "cli", 0, 0, false,
     "the adapter that submit and import speak as: keys/adapter-<name>.key"},
    {"worker", SETTING_TEXT, "desk", 0, 0, false,
     "the worker that work and act speak as: keys/worker-<name>.key"},
    {"front", SETTING_TEXT, "cli", 0, 0, false,
     "the front by which admin speaks for people: keys/front-<name>.key"},
    {"session", SETTING_PATH, "", 0, 0, false,
     "where admin keeps the session of who has logged in; empty: $HOME/.aduan-session"},
};

static const char standard_path[] = "/var/lib/aduan/aduan.yaml";

static const char *find_settings (const struct cli *cli)
{
    const char *said = option (&cli->options, "config"), *set = getenv ("ADUAN_CONFIG");
    if (said)
        return said;
    if (set) /* empty: none, whatever the machine has */
        return *set ? set : NULL;
    return access (standard_path, R_OK) == 0 ? standard_path : NULL;
}

int cli_settings (struct cli *cli)
{
    const char *path = find_settings (cli), *overrides[33] = {NULL};
    for (size_t i = 0; i < array_len (overrides) - 1; i++)
        overrides[i] = option_at (&cli->options, "set-option", i);
    cli->settings_path = path ? xstrdup (path) : NULL;
    if (settings_load (path, "aduan", rows, array_len (rows), overrides, &cli->settings) == 0)
        return 0;
    return complain (EX_CONFIG, TEXT_settings_faulty, "path", path ? path : "-o", NULL);
}

const char *cli_text (const struct cli *cli, const char *key)
{
    return settings_text (cli->settings, key);
}

/* <keys>/<name><suffix> if it is there, else NULL; the caller frees it. */
static char *key_path (const struct cli *cli, const char *name, const char *suffix)
{
    const char *folder = cli_text (cli, "keys");
    char *path = *folder ? xformat ("%s/%s%s", folder, name, suffix)
                         : xformat ("%s/keys/%s%s", cli_text (cli, "data"), name, suffix);
    return path;
}

static char *server_key_path (const struct cli *cli, const char *name)
{
    char *path = key_path (cli, name, ".pub");
    if (access (path, F_OK) == 0)
        return path;
    free (path);
    return key_path (cli, name, ".key");
}

static bool over_tcp (const char *endpoint)
{
    return strncmp (endpoint, "tcp://", 6) == 0;
}

int cli_open (const struct cli *cli, unsigned sides, struct aduan_loop *loop, struct aduan **ret)
{
    const char *as = option (&cli->options, "as");
    const char *speaks = sides & SIDE_FRONT ? "front" : sides & SIDE_ROUTER ? "worker" : "adapter";
    const char *name = as ? as : cli_text (cli, speaks);
    char *role = xformat ("%s-%s", speaks, name);
    char *own = key_path (cli, role, ".key"), *intake_key = server_key_path (cli, "intake"),
         *router_key = server_key_path (cli, "router"),
         *query = xformat ("ipc://%s/query.sock", cli_text (cli, "run"));
    const char *intake = cli_text (cli, "intake"), *router = cli_text (cli, "router");
    struct aduan_options options = {
        .loop = loop,
        .name = name,
        .intake = sides & SIDE_INTAKE ? intake : NULL,
        .intake_key = over_tcp (intake) ? intake_key : NULL,
        .router = sides & (SIDE_ROUTER | SIDE_FRONT) ? router : NULL,
        .router_key = over_tcp (router) ? router_key : NULL,
        .query = sides & SIDE_QUERY ? query : NULL,
        .key_file = own,
    };
    int status = 0;
    if (aduan_open (&options, ret) != 0)
        status = complain (EX_CONFIG, TEXT_cannot_open, "why", aduan_problem (), NULL);
    free (role);
    free (own);
    free (intake_key);
    free (router_key);
    free (query);
    return status;
}

int cli_status (enum aduan_result result)
{
    switch (result) {
    case ADUAN_ACCEPTED:
    case ADUAN_DONE: return EX_OK;
    case ADUAN_REJECTED: return EX_DATAERR;
    case ADUAN_STALE: return EX_NOTHING;
    case ADUAN_REFUSED: return EX_NOPERM;
    case ADUAN_UNKNOWN: return EX_TEMPFAIL;
    case ADUAN_UNSENT: return EX_UNAVAILABLE;
    }
    return EX_SOFTWARE;
}

int cli_wait (const struct cli *cli, int64_t standard_s, int64_t *ret_ms)
{
    int status = option_number (&cli->options, "wait", 0, 86400, standard_s, ret_ms);
    *ret_ms *= 1000;
    return status;
}

int cli_ask (const struct cli *cli, const char *query, const char *const *arguments, size_t count,
             json_t **ret)
{
    return cli_ask_as (cli, NULL, query, arguments, count, ret);
}

int cli_ask_as (const struct cli *cli, const uint8_t *session, const char *query,
                const char *const *arguments, size_t count, json_t **ret)
{
    struct aduan *aduan;
    char *text = NULL;
    for (size_t i = 0; i < count; i++) /* "" would ask for everybody's */
        if (!utf8_valid (arguments[i], strlen (arguments[i])))
            return complain (EX_USAGE, TEXT_argument_not_utf8, "argument",
                             log_text (arguments[i], strlen (arguments[i])), NULL);
    int status = cli_open (cli, SIDE_QUERY, NULL, &aduan);
    if (status != 0)
        return status;
    json_t *list = json_array ();
    for (size_t i = 0; i < count; i++)
        json_array_append_new (list, json_string (arguments[i]));
    char *encoded = json_dumps (list, JSON_COMPACT);
    json_decref (list);
    char *socket = xformat ("%s/query.sock", cli_text (cli, "run"));
    /* without a socket there is nobody, but for a moment while it starts again */
    int64_t most_ms = access (socket, F_OK) == 0 ? 15000 : 2000;
    enum aduan_result result = aduan_ask_as (aduan, session, query, encoded, most_ms, &text);
    free (socket);
    aduan_close (&aduan);
    free (encoded);
    json_t *rows_said = result == ADUAN_DONE ? json_loads (text, 0, NULL) : NULL;
    if (json_is_array (rows_said))
        *ret = rows_said;
    else if (result == ADUAN_DONE || result == ADUAN_REFUSED)
        status = complain (EX_UNAVAILABLE, TEXT_query_refused, "query", query, "why",
                           text ? text : "", NULL);
    else
        status = complain (EX_UNAVAILABLE, TEXT_query_silent, "run", cli_text (cli, "run"), NULL);
    free (text);
    return status;
}

int cli_agency (const struct cli *cli, const char *code, uint32_t *ret)
{
    json_t *found, *row;
    size_t at;
    if (code[0] == '#' && strspn (code + 1, "0123456789") == strlen (code + 1) && code[1]) {
        *ret = (uint32_t) strtoul (code + 1, NULL, 10);
        return 0;
    }
    int status = cli_ask (cli, "agency", &code, 1, &found);
    if (status != 0)
        return status;
    *ret = 0;
    json_array_foreach (found, at, row)
        if (strcmp (json_text (row, "code"), code) == 0)
            *ret = (uint32_t) json_integer_value (json_object_get (row, "number"));
    json_decref (found);
    if (*ret)
        return 0;
    return complain (EX_NOTHING, TEXT_no_such_agency, "code", code, NULL);
}
