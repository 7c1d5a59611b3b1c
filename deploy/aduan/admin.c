/* admin.c - `aduan admin`: people, keys and the tree from the shell, by the same orders as the desk.
 *
 * The command is a front: it speaks with the key keys/front-<name>.key for whoever has logged in here, whose session's token
 * lies in a file of mode 0600.  What an order needs that is secret is asked for without echo, or read as lines from standard
 * input where that is no terminal. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "cli.h"

const struct option_row admin_options[] = {
    {"as", 0, OPTION_VALUE, "NAME", TEXT_o_as_front},
    {"key", 0, OPTION_VALUE, "UUID", TEXT_o_order_key},
    {"session", 0, OPTION_VALUE, "FILE", TEXT_o_session},
    {"wait", 'w', OPTION_VALUE, "SECONDS", TEXT_o_wait_order},
};
const size_t admin_options_len = array_len (admin_options);

enum { SECRET_PASSWORD = 1, SECRET_NEW = 2, SECRET_CODE = 4, SEALS_ADDRESS = 8 };

static const struct order_row {
    const char *name, *arguments;
    enum text_key summary;
    unsigned secrets;
} orders[] = {
#define ORDER(name, arguments, text, secrets) {#name, arguments, TEXT_##text, secrets},
#include "orders.def"
};

/* ---- secrets ----------------------------------------------------------------------------------- */

/* A line without its end, not shown where it is typed; NULL at the end of the input.  The caller wipes it. */
static char *ask_secret (enum text_key prompt)
{
    struct termios usual, silent;
    char *line = NULL;
    size_t room = 0;
    bool typed = tcgetattr (STDIN_FILENO, &usual) == 0;
    if (typed) {
        fprintf (stderr, "%s: ", text_of (prompt));
        fflush (stderr);
        silent = usual;
        silent.c_lflag &= ~(tcflag_t) ECHO;
        tcsetattr (STDIN_FILENO, TCSAFLUSH, &silent);
    }
    ssize_t len = getline (&line, &room, stdin);
    if (typed) {
        tcsetattr (STDIN_FILENO, TCSAFLUSH, &usual);
        fputc ('\n', stderr);
    }
    if (len < 0) {
        free (line);
        return NULL;
    }
    line[strcspn (line, "\r\n")] = 0;
    return line;
}

static int add_secret (json_t *arguments, const char *name, enum text_key prompt)
{
    char *secret = ask_secret (prompt);
    if (!secret)
        return complain (EX_USAGE, TEXT_secret_missing, "what", text_of (prompt), NULL);
    json_object_set_new (arguments, name, json_string (secret));
    sodium_memzero (secret, strlen (secret));
    free (secret);
    return 0;
}

/* A password that nobody sees is typed twice. */
static int add_new_password (json_t *arguments)
{
    int status = add_secret (arguments, "new_password", TEXT_new_password);
    if (status != 0 || !isatty (STDIN_FILENO))
        return status;
    char *again = ask_secret (TEXT_new_password_again);
    const char *first = json_text (arguments, "new_password");
    bool same = again && strcmp (first, again) == 0;
    if (again)
        sodium_memzero (again, strlen (again));
    free (again);
    return same ? 0 : complain (EX_DATAERR, TEXT_passwords_differ, NULL);
}

static int add_secrets (json_t *arguments, unsigned secrets)
{
    int status = 0;
    if (secrets & SECRET_PASSWORD)
        status = add_secret (arguments, "password", TEXT_password);
    if (status == 0 && secrets & SECRET_NEW)
        status = add_new_password (arguments);
    if (status == 0 && secrets & SECRET_CODE)
        status = add_secret (arguments, "code", TEXT_code);
    return status;
}

/* ---- orders ------------------------------------------------------------------------------------ */

/* NAME=VALUE; "-" is nothing at all, which some orders tell from what is not said; `agencies` is a list. */
static int add_argument (json_t *arguments, const struct order_row *row, const char *said)
{
    const char *equals = strchr (said, '=');
    char *name = equals ? xstrndup (said, (size_t) (equals - said)) : xstrdup (said);
    char *wanted = xformat ("%s=", name), *at = strstr (row->arguments, wanted);
    int status = 0;
    bool known = equals && at && (at == row->arguments || strchr (" [|", at[-1]));
    if (!known)
        status = complain (EX_USAGE, TEXT_order_argument, "order", row->name, "argument", said,
                           "arguments", row->arguments, NULL);
    else if (!utf8_valid (equals + 1, strlen (equals + 1)))
        status = complain (EX_USAGE, TEXT_argument_not_utf8, "argument", name, NULL);
    else if (strcmp (equals + 1, "-") == 0)
        json_object_set_new (arguments, name, json_null ());
    else if (strcmp (name, "agencies") == 0) {
        json_t *list = json_array ();
        char *copy = xstrdup (equals + 1), *save = NULL;
        for (char *word = strtok_r (copy, ",", &save); word; word = strtok_r (NULL, ",", &save))
            json_array_append_new (list, json_string (word));
        json_object_set_new (arguments, name, list);
        free (copy);
    } else
        json_object_set_new (arguments, name, json_string (equals + 1));
    free (wanted);
    free (name);
    return status;
}

/* An address is sealed here, to the key that intake tells, and goes no further; "-": what is kept is forgotten. */
static int seal_address (const struct cli *cli, json_t *arguments)
{
    const char *kind = json_text (arguments, "kind"), *address = json_text (arguments, "address");
    struct aduan_contact contact = {.kind = kind, .address = address};
    enum aduan_result result = ADUAN_REFUSED;
    struct aduan *aduan = NULL;
    char *sealed = NULL;
    uint64_t key = 0;
    int64_t wait_ms, end;
    int status = 0;
    if (!json_object_get (arguments, "address"))
        return 0;
    if (json_is_null (json_object_get (arguments, "address"))) {
        json_object_set_new (arguments, "contact", json_null ());
        json_object_del (arguments, "address");
        return 0;
    }
    if (*kind && strcmp (kind, "email") != 0 && strcmp (kind, "sms") != 0)
        return complain (EX_USAGE, TEXT_unknown_word, "option", "kind", "value", kind, NULL);
    status = cli_wait (cli, 20, &wait_ms);
    if (status == 0)
        status = cli_open (cli, SIDE_FRONT | SIDE_INTAKE, NULL, &aduan);
    if (status != 0)
        return status;
    end = mono_ms () + wait_ms;
    while ((result = aduan_contact_seal (aduan, &contact, &sealed, &key)) == ADUAN_UNSENT &&
           mono_ms () < end)
        aduan_turn (aduan, 50);
    aduan_close (&aduan);
    if (result != ADUAN_DONE)
        return result == ADUAN_UNSENT ? complain (EX_TEMPFAIL, TEXT_address_unsealed, NULL)
                                      : complain (EX_DATAERR, TEXT_address_wrong, NULL);
    json_object_set_new (arguments, "contact", json_string (sealed));
    json_object_set_new (arguments, "contact_key", json_integer ((json_int_t) key));
    json_object_del (arguments, "address");
    json_object_del (arguments, "kind");
    free (sealed);
    return 0;
}

/* What a person must see now or never, and the rest of a result. */
static void put_result (const struct cli *cli, const char *name, json_t *result)
{
    const char *key;
    json_t *value;
    if (cli->json) {
        json_object_set_new (result, "order", json_string (name));
        put_json (result);
        return;
    }
    say (stdout, TEXT_order_done, "order", name, NULL);
    json_object_foreach (result, key, value) {
        char *text = json_is_string (value) ? xstrdup (json_string_value (value))
                                            : json_dumps (value, JSON_ENCODE_ANY | JSON_COMPACT);
        printf ("  %-10s ", key);
        put_text (stdout, text, strlen (text));
        fputc ('\n', stdout);
        free (text);
    }
    if (json_object_get (result, "factor"))
        printf ("%s\n", text_of (TEXT_factor_once));
    else if (json_object_get (result, "secret"))
        printf ("%s\n", text_of (TEXT_secret_once));
    else if (json_object_get (result, "token"))
        printf ("%s\n",
                text_of (json_object_get (result, "client") ? TEXT_token_client : TEXT_token_once));
}

static int run_order (const struct cli *cli, const struct order_row *row)
{
    uint8_t session[ADUAN_SESSION_SIZE];
    json_t *arguments = json_object (), *result = NULL;
    int status = 0;
    for (size_t i = 1; i < cli->options.argument_count && status == 0; i++)
        status = add_argument (arguments, row, cli->options.arguments[i]);
    if (status == 0)
        status = cli_session (cli, session);
    if (status == 0)
        status = add_secrets (arguments, row->secrets);
    if (status == 0 && row->secrets & SEALS_ADDRESS)
        status = seal_address (cli, arguments);
    if (status == 0)
        status = cli_order (cli, row->name, arguments, session, &result);
    if (status == 0)
        put_result (cli, row->name, result);
    sodium_memzero (session, sizeof session);
    json_decref (result);
    json_decref (arguments);
    return status;
}

/* ---- coming and going ---------------------------------------------------------------------------- */

static int surplus (const struct cli *cli, size_t most)
{
    return cli->options.argument_count <= most
               ? 0
               : complain (EX_USAGE, TEXT_surplus, "argument", cli->options.arguments[most], NULL);
}

static void put_appointments (const json_t *list)
{
    size_t at;
    json_t *one;
    json_array_foreach (list, at, one) {
        printf ("  %-13s %-16s %s%s%s%s%s\n", json_text (one, "role"), json_text (one, "agency"),
                json_text (one, "agency_name"),
                json_is_true (json_object_get (one, "named")) ? ", " : "",
                json_is_true (json_object_get (one, "named")) ? text_of (TEXT_named) : "",
                *json_text (one, "until") ? ", " : "",
                *json_text (one, "until") ? stamp_text (json_text (one, "until")) : "");
    }
}

static int admin_login (const struct cli *cli)
{
    json_t *result = NULL, *arguments = json_object ();
    int status = surplus (cli, 2);
    if (status == 0 && cli->options.argument_count < 2)
        status = complain (EX_USAGE, TEXT_login_whom, NULL);
    if (status == 0) {
        json_object_set_new (arguments, "login", json_string (cli->options.arguments[1]));
        status = add_secrets (arguments, SECRET_PASSWORD | SECRET_CODE);
    }
    if (status == 0)
        status = cli_order (cli, "login", arguments, NULL, &result);
    if (status == 0)
        status = session_keep (cli, json_text (result, "token"));
    if (status == 0) {
        json_object_del (result, "token"); /* it lies in the file, and nowhere else */
        if (cli->json)
            put_json (result);
        else {
            say (stdout, TEXT_logged_in, "name", json_text (result, "name"), "login",
                 json_text (result, "login"), NULL);
            put_appointments (json_object_get (result, "appointments"));
            if (json_is_true (json_object_get (result, "renewed")))
                say (stdout, TEXT_login_renewed, NULL);
        }
    }
    json_decref (result);
    json_decref (arguments);
    return status;
}

static int admin_accept (const struct cli *cli)
{
    json_t *result = NULL, *arguments = json_object ();
    int status = surplus (cli, 2);
    if (status == 0 && cli->options.argument_count < 2)
        status = complain (EX_USAGE, TEXT_accept_what, NULL);
    if (status == 0) {
        json_object_set_new (arguments, "token", json_string (cli->options.arguments[1]));
        status = add_secrets (arguments, SECRET_NEW);
    }
    if (status == 0)
        status = cli_order (cli, "accept_invitation", arguments, NULL, &result);
    if (status == 0)
        put_result (cli, "accept_invitation", result);
    json_decref (result);
    json_decref (arguments);
    return status;
}

static int admin_logout (const struct cli *cli)
{
    uint8_t session[ADUAN_SESSION_SIZE];
    json_t *result = NULL, *arguments = json_object ();
    int status = surplus (cli, 1);
    if (status == 0)
        status = cli_session (cli, session);
    if (status == 0)
        status = cli_order (cli, "logout", arguments, session, &result);
    if (status == 0 || status == EX_NOPERM)
        session_forget (cli);
    if (status == 0)
        put_result (cli, "logout", result);
    sodium_memzero (session, sizeof session);
    json_decref (result);
    json_decref (arguments);
    return status;
}

/* ---- reading -------------------------------------------------------------------------------------- */

/* By whose invitations he has his access; one that is open first. */
static void put_access (const json_t *list)
{
    size_t at;
    json_t *one;
    json_array_foreach (list, at, one) {
        const char *by = json_text (one, "by"), *accepted = json_text (one, "accepted");
        say (stdout, *accepted ? TEXT_me_access : TEXT_me_invited, "made",
             stamp_text (json_text (one, "made")), "by", *by ? by : text_of (TEXT_me_shell),
             "accepted", *accepted ? stamp_text (accepted) : "", NULL);
    }
}

static void put_me (const json_t *row)
{
    printf ("%s (%s)\n", json_text (row, "name"), json_text (row, "login"));
    put_appointments (json_object_get (row, "appointments"));
    say (stdout, TEXT_session_until, "until", stamp_text (json_text (row, "ends_at")), "last",
         stamp_text (json_text (row, "last_at")), NULL);
    put_access (json_object_get (row, "access"));
}

static void put_agency (const json_t *row)
{
    int depth = (int) json_integer_value (json_object_get (row, "depth"));
    bool national = strcmp (json_text (row, "verify_at"), "national") == 0;
    printf ("%*s%-*s  %s%s%s%s%s\n", 2 * depth, "", 24 - 2 * depth, json_text (row, "code"),
            json_text (row, "name"), *json_text (row, "function") ? "  " : "",
            json_text (row, "function"), national ? "  " : "",
            national ? text_of (TEXT_verified_nationally) : "");
}

static void put_person (const json_t *row)
{
    bool locked = json_is_true (json_object_get (row, "locked"));
    const char *invited = json_text (row, "invited_until"), *seen = json_text (row, "seen_at");
    printf ("%-20s %s%s%s%s%s\n", json_text (row, "login"), json_text (row, "name"),
            locked ? "  " : "", locked ? text_of (TEXT_locked) : "", *invited || *seen ? "  " : "",
            *seen      ? stamp_text (seen)
            : *invited ? text_of (TEXT_invited)
                       : "");
    put_appointments (json_object_get (row, "appointments"));
}

static void put_key (const json_t *row)
{
    json_t *list = json_object_get (row, "agencies"), *one;
    size_t at;
    bool revoked = *json_text (row, "revoked_at");
    const char *used = json_text (row, "last_used");
    printf ("%-20s %-8s %-12s %s", json_text (row, "name"), json_text (row, "role"),
            json_text (row, "agency"),
            revoked ? text_of (TEXT_revoked)
            : *used ? stamp_text (used)
                    : text_of (TEXT_never_used));
    json_array_foreach (list, at, one)
        printf ("%s%s", at ? "," : "  ", json_string_value (one));
    fputc ('\n', stdout);
}

/* A number of a row, for a text; lent until the next one but two. */
static const char *json_number (const json_t *row, const char *key)
{
    static char rooms[3][24];
    static unsigned turn;
    char *room = rooms[turn++ % array_len (rooms)];
    snprintf (room, sizeof rooms[0], "%lld",
              (long long) json_integer_value (json_object_get (row, key)));
    return room;
}

static void put_webhook (const json_t *row)
{
    const char *delivered = json_text (row, "delivered_at"), *tried = json_text (row, "status_at"),
               *tested = json_text (row, "test_at"), *owner = json_text (row, "owner");
    printf ("%s  %-16s %-8s %s\n", json_number (row, "webhook"), json_text (row, "client"),
            json_text (row, "state"), json_text (row, "url"));
    say (stdout, TEXT_webhook_taken, "events", json_number (row, "delivered"), "at",
         *delivered ? stamp_text (delivered) : "-", "owner", *owner ? owner : "-", NULL);
    if (*tried)
        say (stdout, TEXT_webhook_tried, "status", json_number (row, "status"), "at",
             stamp_text (tried), "failures", json_number (row, "attempt"), NULL);
    if (*tested)
        say (stdout, TEXT_webhook_tested, "status", json_number (row, "test_status"), "at",
             stamp_text (tested), NULL);
}

static void put_change (const json_t *row)
{
    const char *by = json_text (row, "by");
    json_t *old = json_object_get (row, "old"), *new = json_object_get (row, "new");
    char *was = json_is_null (old) ? NULL : json_dumps (old, JSON_COMPACT),
         *is = json_is_null (new) ? NULL : json_dumps (new, JSON_COMPACT);
    printf ("%s  %-16s %-18s %s", stamp_text (json_text (row, "at")), *by ? by : "-",
            json_text (row, "order"), json_text (row, "subject"));
    printf ("%s%s%s%s\n", was ? "  " : "", was ? was : "", is ? " -> " : "", is ? is : "");
    free (was);
    free (is);
}

static void put_permit (const json_t *row)
{
    printf ("%lld  %s%s  %s  %s  %s%s%s\n",
            (long long) json_integer_value (json_object_get (row, "permit")),
            json_text (row, "person"), json_text (row, "agency"), json_text (row, "level"),
            stamp_text (json_text (row, "until")), json_text (row, "reason"),
            *json_text (row, "ended_at") ? "  " : "",
            *json_text (row, "ended_at") ? text_of (TEXT_withdrawn) : "");
}

static void put_watch (const json_t *row)
{
    printf ("%-20s %8lld %8lld %8lld %8lld  %s\n", json_text (row, "agency"),
            (long long) json_integer_value (json_object_get (row, "open")),
            (long long) json_integer_value (json_object_get (row, "late_verify")),
            (long long) json_integer_value (json_object_get (row, "late_first")),
            (long long) json_integer_value (json_object_get (row, "late_resolve")),
            json_text (row, "name"));
}

static const struct view_row {
    const char *name, *query;
    const char *standard[3]; /* of its arguments; the first two may be said */
    size_t count;
    const char *number; /* what its second argument is called, a number; NULL: it has none */
    enum text_key summary, head; /* TEXT_none: no head */
    void (*put) (const json_t *row);
} admin_views[] = {
    {"me", "desk_me", {NULL, NULL}, 0, NULL, TEXT_admin_me, TEXT_none, put_me},
    {"tree", "desk_tree", {"", "2"}, 2, "LEVELS", TEXT_admin_tree, TEXT_none, put_agency},
    {"people", "desk_people", {"", NULL}, 1, NULL, TEXT_admin_people, TEXT_none, put_person},
    {"keys", "desk_keys", {"", ""}, 2, NULL, TEXT_admin_keys, TEXT_none, put_key},
    {"webhooks", "desk_webhooks", {"", NULL}, 1, NULL, TEXT_admin_webhooks, TEXT_none, put_webhook},
    {"changes",
     "desk_changes",
     {"", "", ""},
     3,
     "BEFORE",
     TEXT_admin_changes,
     TEXT_none,
     put_change},
    {"permits", "desk_permits", {"", NULL}, 1, NULL, TEXT_admin_permits, TEXT_none, put_permit},
    {"watch", "desk_watch", {"", "10000"}, 2, "MOST", TEXT_admin_watch, TEXT_watch_head, put_watch},
};

/* What was asked for as a number is one: 0, or EX_USAGE after a complaint. */
static int view_number (const struct cli *cli, const struct view_row *view)
{
    const char *said =
        view->number && cli->options.argument_count > 2 ? cli->options.arguments[2] : "";
    if (strspn (said, "0123456789") == strlen (said) && strlen (said) <= 9)
        return 0;
    return complain (EX_USAGE, TEXT_view_number, "what", view->number, "value", said, NULL);
}

/* Nothing is there: of whom, where somebody was named. */
static int view_nothing (const struct cli *cli, const struct view_row *view)
{
    if (strcmp (view->name, "me") == 0) {
        char *path = session_path (cli);
        int status = complain (EX_NOPERM, TEXT_not_logged_in, "path", path, NULL);
        free (path);
        return status;
    }
    size_t said = cli->options.argument_count;
    if (said > 1)
        complain (0, TEXT_view_nothing, "view", view->name, "value",
                  cli->options.arguments[said > 2 && !view->number ? 2 : 1], NULL);
    return EX_NOTHING;
}

static int run_view (const struct cli *cli, const struct view_row *view)
{
    const char *arguments[3] = {view->standard[0], view->standard[1], view->standard[2]};
    uint8_t session[ADUAN_SESSION_SIZE];
    json_t *rows = NULL, *row;
    size_t at;
    int status = surplus (cli, 1 + (view->count > 2 ? 2 : view->count));
    /* of changes the subject is what one asks for */
    bool second = strcmp (view->name, "changes") == 0;
    if (status == 0 && cli->options.argument_count > 1)
        arguments[second] = cli->options.arguments[1];
    if (status == 0 && cli->options.argument_count > 2)
        arguments[!second] = cli->options.arguments[2];
    if (status == 0)
        status = view_number (cli, view);
    if (status == 0)
        status = cli_session (cli, session);
    if (status == 0)
        status = cli_ask_as (cli, session, view->query, arguments, view->count, &rows);
    if (status != 0)
        return status;
    if (cli->json)
        put_json (rows);
    else if (json_array_size (rows) && view->head)
        printf ("%s\n", text_of (view->head));
    if (!cli->json)
        json_array_foreach (rows, at, row)
            view->put (row);
    status = json_array_size (rows) ? EX_OK : view_nothing (cli, view);
    json_decref (rows);
    return status;
}

/* ---- the command ---------------------------------------------------------------------------------- */

static const struct {
    const char *name, *arguments;
    enum text_key summary;
    int (*run) (const struct cli *cli);
} doors[] = {
    {"accept", "TOKEN", TEXT_admin_accept, admin_accept},
    {"login", "LOGIN", TEXT_admin_login, admin_login},
    {"logout", "", TEXT_admin_logout, admin_logout},
};

void help_admin (FILE *to)
{
    static const char *const arguments[] = {
        "",       "[CODE [LEVELS]]",    "[CODE]", "[CODE [NAME]]",
        "[NAME]", "[SUBJECT [BEFORE]]", "NUMBER", ""};
    for (size_t i = 0; i < array_len (doors); i++)
        fprintf (to, "  %s %s\n      %s\n", doors[i].name, doors[i].arguments,
                 text_of (doors[i].summary));
    for (size_t i = 0; i < array_len (admin_views); i++)
        fprintf (to, "  %s %s\n      %s\n", admin_views[i].name, arguments[i],
                 text_of (admin_views[i].summary));
    for (size_t i = 0; i < array_len (orders); i++)
        fprintf (to, "  %s %s\n      %s\n", orders[i].name, orders[i].arguments,
                 text_of (orders[i].summary));
}

void complete_admin (FILE *to)
{
    for (size_t i = 0; i < array_len (doors); i++)
        fprintf (to, "%s ", doors[i].name);
    for (size_t i = 0; i < array_len (admin_views); i++)
        fprintf (to, "%s ", admin_views[i].name);
    for (size_t i = 0; i < array_len (orders); i++)
        fprintf (to, "%s ", orders[i].name);
}

int run_admin (struct cli *cli)
{
    const char *said = cli->options.argument_count ? cli->options.arguments[0] : "";
    char *word = xstrdup (said);
    int status = -1;
    for (char *at = word; *at; at++)
        if (*at == '-')
            *at = '_'; /* rename-agency is easier on a command line */
    for (size_t i = 0; i < array_len (doors) && status < 0; i++)
        if (strcmp (doors[i].name, word) == 0)
            status = doors[i].run (cli);
    for (size_t i = 0; i < array_len (admin_views) && status < 0; i++)
        if (strcmp (admin_views[i].name, word) == 0)
            status = run_view (cli, &admin_views[i]);
    for (size_t i = 0; i < array_len (orders) && status < 0; i++)
        if (strcmp (orders[i].name, word) == 0)
            status = run_order (cli, &orders[i]);
    if (status < 0)
        status = complain (EX_USAGE, TEXT_admin_which, "word", said, NULL);
    free (word);
    return status;
}
