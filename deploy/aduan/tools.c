/* tools.c - ask, show, spool, audit, identity, keygen: thin doors to what others do. */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cli.h"
#include "daemon/door.h"

int run_ask (struct cli *cli)
{
    json_t *rows, *row;
    size_t at;
    if (cli->options.argument_count == 0)
        return complain (EX_USAGE, TEXT_ask_which, NULL);
    const char *const *arguments = (const char *const *) cli->options.arguments;
    int status = cli_ask (cli, arguments[0], arguments + 1, cli->options.argument_count - 1, &rows);
    if (status != 0)
        return status;
    if (cli->json) {
        put_json (rows);
    } else {
        json_array_foreach (rows, at, row) {
            json_dumpf (row, stdout, JSON_INDENT (2));
            fputc ('\n', stdout);
        }
    }
    status = json_array_size (rows) ? EX_OK : EX_NOTHING;
    json_decref (rows);
    return status;
}

/* A program that has no such page says so in the page. */
static bool is_no_page (const char *text, const char *page)
{
    char *wanted = xformat ("no page \"%s\": ", page);
    bool same = strncmp (text, wanted, strlen (wanted)) == 0;
    free (wanted);
    return same;
}

/* The caller frees *ret_text, whatever came of it. */
static int ask_page (const struct cli *cli, const char *program, const char *page, char **ret_text)
{
    char *endpoint = xformat ("ipc://%s/%s.ctl", cli_text (cli, "run"), program);
    const char *path = endpoint + strlen ("ipc://"), *named = log_text (page, strlen (page));
    struct aduan *aduan = NULL;
    struct aduan_options options = {.name = "aduan show", .query = endpoint};
    int status = 0;
    if (aduan_open (&options, &aduan) != 0) {
        status = complain (EX_CONFIG, TEXT_cannot_open, "why", aduan_problem (), NULL);
    } else {
        enum aduan_result result =
            aduan_ask (aduan, page, NULL, access (path, F_OK) == 0 ? 5000 : 1000, ret_text);
        if (result == ADUAN_REFUSED)
            status = complain (EX_USAGE, TEXT_show_refused, "page", named, "why", *ret_text, NULL);
        else if (result != ADUAN_DONE)
            status = complain (EX_UNAVAILABLE, TEXT_show_silent, "program", program, "where", path,
                               NULL);
        else if (is_no_page (*ret_text, page))
            status =
                complain (EX_USAGE, TEXT_show_no_page, "program", program, "page", named, NULL);
    }
    aduan_close (&aduan);
    free (endpoint);
    return status;
}

int run_show (struct cli *cli)
{
    static const char *const programs[] = {"intake", "router", "store",   "query",
                                           "desk",   "web",    "notifier"};
    if (cli->options.argument_count < 1 || cli->options.argument_count > 2)
        return complain (EX_USAGE, TEXT_show_which, NULL);
    const char *program = cli->options.arguments[0];
    const char *page = cli->options.argument_count == 2 ? cli->options.arguments[1] : "metrics";
    bool known = false;
    for (size_t i = 0; i < array_len (programs); i++)
        known = known || strcmp (programs[i], program) == 0;
    if (!known)
        return complain (EX_USAGE, TEXT_show_which, NULL);
    char *text = NULL;
    int status = ask_page (cli, program, page, &text);
    if (status == 0 && cli->json) {
        json_t *out = json_pack ("{s:s, s:s, s:s}", "program", program, "page", page, "text", text);
        put_json (out);
        json_decref (out);
    } else if (status == 0) {
        fputs (text, stdout);
    }
    free (text);
    return status;
}

/* ---- programs beside this one ----------------------------------------------------------------- */

/* They lie beside us when installed, in `built` of the build before. */
static void beside_exec (const char *program, const char *built, char **arguments)
{
    char self[PATH_MAX];
    ssize_t len = readlink ("/proc/self/exe", self, sizeof self - 1);
    if (len > 0) {
        self[len] = 0;
        const char *folder = dirname (self);
        char *beside = xformat ("%s/%s", folder, program),
             *there = xformat ("%s/../../%s/%s", folder, built, program);
        execv (beside, arguments);
        execv (there, arguments);
        free (beside);
        free (there);
    }
    execvp (program, arguments);
}

/* Passes the arguments on, with our settings where they name none.  One of `verbs` must be among them. */
static int pass_on (struct cli *cli, const char *program, const char *built,
                    const char *const *verbs, enum text_key which)
{
    bool known = false, has_settings = false;
    for (size_t i = 0; i < cli->options.argument_count; i++) {
        for (size_t v = 0; verbs[v]; v++)
            known = known || strcmp (cli->options.arguments[i], verbs[v]) == 0;
        has_settings = has_settings || strncmp (cli->options.arguments[i], "-c", 2) == 0;
    }
    if (!known)
        return complain (EX_USAGE, which, NULL);
    char **arguments = xcalloc (cli->options.argument_count + 4, sizeof *arguments);
    char *name = xstrdup (program), with[] = "-c";
    size_t at = 0;
    arguments[at++] = name;
    if (!has_settings && cli->settings_path) {
        arguments[at++] = with;
        arguments[at++] = cli->settings_path;
    }
    for (size_t i = 0; i < cli->options.argument_count; i++) {
        char *argument = cli->options.arguments[i];
        if (strcmp (argument, "--lang") == 0)
            i++; /* ours: those programs speak English to everybody */
        else if (strncmp (argument, "--lang=", 7) != 0)
            arguments[at++] = argument;
    }
    beside_exec (program, built, arguments);
    int error = errno;
    free (arguments);
    free (name);
    return complain (EX_UNAVAILABLE, TEXT_program_absent, "program", program, "why",
                     strerror (error), NULL);
}

int run_spool (struct cli *cli)
{
    static const char *const verbs[] = {"stat", "list", "replay", "verify", "salvage", NULL};
    return pass_on (cli, "aduan-spool", "intake", verbs, TEXT_spool_which);
}

int run_audit (struct cli *cli)
{
    static const char *const verbs[] = {"verify", "head", "identity", "show", NULL};
    return pass_on (cli, "aduan-audit", "store/audit", verbs, TEXT_audit_which);
}

int run_identity (struct cli *cli)
{
    static const char *const verbs[] = {"keygen", "open", NULL};
    return pass_on (cli, "aduan-identity", "store/audit", verbs, TEXT_identity_which);
}

/* ---- keygen ---------------------------------------------------------------------------------- */

const struct option_row keygen_options[] = {
    {"seal", 0, OPTION_FLAG, NULL, TEXT_o_seal},
    {"id", 0, OPTION_FLAG, NULL, TEXT_o_id},
    {"audit", 0, OPTION_FLAG, NULL, TEXT_o_audit},
};
const size_t keygen_options_len = array_len (keygen_options);

static int write_hex (const char *path, const uint8_t secret[32])
{
    char text[66];
    if (access (path, F_OK) == 0)
        return FAIL_BUSY;
    sodium_bin2hex (text, 65, secret, 32);
    text[64] = '\n';
    int result = file_write (path, text, 65, 0600);
    sodium_memzero (text, sizeof text);
    return result;
}

enum made { MADE_CURVE, MADE_SEAL, MADE_ID, MADE_AUDIT };

/* An X25519 or Ed25519 pair, or an id key, which has no public half. */
static int make_hex (const char *path, enum made made, char ret_public[65])
{
    uint8_t public_key[32], secret[32], expanded[crypto_sign_SECRETKEYBYTES];
    randombytes_buf (secret, sizeof secret);
    if (made == MADE_SEAL)
        crypto_scalarmult_base (public_key, secret);
    if (made == MADE_AUDIT)
        crypto_sign_seed_keypair (public_key, expanded, secret);
    int result = write_hex (path, secret);
    ret_public[0] = 0;
    if (made != MADE_ID)
        sodium_bin2hex (ret_public, 65, public_key, 32);
    sodium_memzero (secret, sizeof secret);
    sodium_memzero (expanded, sizeof expanded);
    return result;
}

int run_keygen (struct cli *cli)
{
    char public_key[65] = "";
    if (cli->options.argument_count != 1)
        return complain (EX_USAGE, TEXT_keygen_which, NULL);
    const char *path = cli->options.arguments[0];
    static const char *const kinds[] = {
        [MADE_SEAL] = "seal", [MADE_ID] = "id", [MADE_AUDIT] = "audit"};
    enum made made = MADE_CURVE;
    unsigned said = 0;
    for (enum made kind = MADE_SEAL; kind <= MADE_AUDIT; kind++)
        if (option_flag (&cli->options, kinds[kind]) == ADUAN_FLAG_YES) {
            made = kind;
            said++;
        }
    if (said > 1)
        return complain (EX_USAGE, TEXT_keygen_both, NULL);
    check (sodium_init () >= 0);
    int result =
        made == MADE_CURVE ? keys_make (path, public_key) : make_hex (path, made, public_key);
    if (result == FAIL_BUSY)
        return complain (EX_CANTCREAT, TEXT_keygen_there, "path", path, NULL);
    if (result != 0)
        return complain (EX_CANTCREAT, TEXT_cannot_write, "path", path, "why", strerror (errno),
                         NULL);
    if (cli->json) {
        json_t *out = json_pack ("{s:s, s:s}", "file", path, "public", public_key);
        put_json (out);
        json_decref (out);
    } else if (*public_key) {
        printf ("%s\n", public_key);
    }
    return EX_OK;
}
