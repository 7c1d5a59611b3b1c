/* session.c - who has logged in at this shell, and orders in his name: `aduan admin login` keeps the token of his session in a file
 * of mode 0600. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cli.h"

/* ---- the session's file ----------------------------------------------------------------------- */

char *session_path (const struct cli *cli)
{
    const char *said = option (&cli->options, "session"), *set = cli_text (cli, "session"),
               *home = getenv ("HOME");
    return said   ? xstrdup (said)
           : *set ? xstrdup (set)
                  : xformat ("%s/.aduan-session", home && *home ? home : ".");
}

int cli_session (const struct cli *cli, uint8_t ret[ADUAN_SESSION_SIZE])
{
    char *path = session_path (cli), *text = NULL;
    size_t len = 0;
    int status = 0;
    if (file_read (path, 256, &text, &len) != 0)
        status = complain (EX_NOPERM, TEXT_not_logged_in, "path", path, NULL);
    if (status == 0) {
        text[strcspn (text, "\r\n ")] = 0;
        if (hex_parse (text, ret, ADUAN_SESSION_SIZE) != 0)
            status = complain (EX_NOPERM, TEXT_not_logged_in, "path", path, NULL);
        sodium_memzero (text, len);
    }
    free (text);
    free (path);
    return status;
}

int session_keep (const struct cli *cli, const char *token)
{
    char *path = session_path (cli), *text = xformat ("%s\n", token);
    int status = 0;
    if (file_write (path, text, strlen (text), 0600) != 0)
        status =
            complain (EX_CANTCREAT, TEXT_cannot_write, "path", path, "why", strerror (errno), NULL);
    sodium_memzero (text, strlen (text));
    free (text);
    free (path);
    return status;
}

void session_forget (const struct cli *cli)
{
    char *path = session_path (cli);
    unlink (path);
    free (path);
}

/* ---- orders ------------------------------------------------------------------------------------ */

static int order_refused (const struct cli *cli, const char *name, const json_t *arguments,
                          const struct aduan_ordered *ordered)
{
    int status = ordered->result == ADUAN_REFUSED && ordered->reason == ADUAN_REASON_VALUE
                     ? EX_DATAERR
                     : cli_status (ordered->result);
    if (cli->json) {
        json_t *out = json_pack ("{s:s, s:s, s:s, s:s}", "order", name, "result",
                                 aduan_result_word (ordered->result), "reason",
                                 ordered->reason ? aduan_reason_word (ordered->reason)
                                                 : aduan_refusal_word (ordered->refusal),
                                 "detail", ordered->detail);
        put_json (out);
        json_decref (out);
    } else if (ordered->result == ADUAN_REFUSED) {
        remedy_say (status, name, arguments, ordered);
    } else {
        complain (status, ordered->result == ADUAN_UNKNOWN ? TEXT_order_unknown : TEXT_order_unsent,
                  "order", name, NULL);
    }
    return status;
}

int cli_order (const struct cli *cli, const char *name, json_t *arguments, const uint8_t *session,
               json_t **ret_result)
{
    struct aduan *aduan = NULL;
    struct aduan_order order = {.order = name, .session = session};
    struct aduan_ordered ordered;
    struct id key = id_random ();
    const char *said = option (&cli->options, "key");
    char *text = NULL;
    int64_t wait_ms;
    int status = cli_wait (cli, 20, &wait_ms);
    if (status == 0 && said && id_parse (said, &key) != 0)
        status = complain (EX_USAGE, TEXT_unknown_word, "option", "key", "value", said, NULL);
    if (status == 0)
        status = cli_open (cli, SIDE_FRONT, NULL, &aduan);
    if (status != 0)
        return status;
    memcpy (order.key, key.at, sizeof order.key);
    char *encoded = json_dumps (arguments, JSON_COMPACT);
    order.arguments = encoded;
    aduan_order (aduan, &order, wait_ms, &ordered, &text);
    sodium_memzero (encoded, strlen (encoded));
    free (encoded);
    aduan_close (&aduan);
    if (ordered.result == ADUAN_UNKNOWN)
        say (stderr, TEXT_order_key, "key", id_text (&key), NULL);
    if (ordered.result != ADUAN_DONE)
        return order_refused (cli, name, arguments, &ordered);
    *ret_result = json_loads (text, 0, NULL);
    sodium_memzero (text, strlen (text));
    free (text);
    if (!*ret_result)
        *ret_result = json_object ();
    return 0;
}
