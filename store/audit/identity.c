/* identity.c - aduan-identity: makes a month's sealing pair, and opens one sealed identity.
 *
 * open, in this order: the passphrase opens the key; PostgreSQL judges the request and writes that it is opened, in
 * one transaction; only then it gives the box; the box must be that complaint's; it is printed.  What fails after the
 * row is written has used the approval up: the row stands, and says that somebody was about to see.
 */
#include "base/log.h"
#include "daemon/settings.h"
#include "domain/number.h"
#include "identity.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

static const struct setting identity_settings[] = {
    {"database", SETTING_TEXT, "", 0, 0, false,
     "how to reach PostgreSQL (libpq connection string); empty: the installation's own, as aduan_identity"},
};

struct tool {
    const char *config, *key, *from;
    char *conninfo, *id_key_path;
    char *passphrase; /* sodium_malloc */
    int passphrase_fd;
    uint32_t number;
    bool json;
};

static void usage (FILE *to)
{
    fputs (
        "usage: aduan-identity [-c FILE] keygen --number N [--from FILE] FILE\n"
        "       aduan-identity [-c FILE] [--json] open --key FILE REQUEST\n"
        "  keygen                 a month's sealing pair: the secret half goes into FILE under a passphrase, the public\n"
        "                         half is printed, for keys/seal-N.pub.  --from: the secret half that is there in\n"
        "                         plain, 64 hexadecimal digits, as deploy/up makes the first one\n"
        "  open                   opens the identity that REQUEST (a number) asks for, once, if another person has\n"
        "                         approved it and its time is not over; the audit says so first\n"
        "  -c, --config FILE      settings of the installation (`data`, `identity.database`)\n"
        "  -d, --database TEXT    libpq connection string, in place of identity.database\n"
        "  -i, --id-key FILE      the installation's id key; standard: DATA/keys/id.key\n"
        "  -p, --passphrase-fd N  read the passphrase from this descriptor, not from the terminal\n"
        "  -j, --json             JSON\n"
        "status: 0; 64 usage; 65 the box is not that complaint's; 66 no key; 69 no database; 73 cannot be written;\n"
        "        77 refused, or a wrong passphrase; 78 settings\n",
        to);
}

static int complain (int status, const char *what, const char *why)
{
    fprintf (stderr, "aduan-identity: %s: %s\n", what, why);
    return status;
}

/* ---- the process ----------------------------------------------------------------------------- */

/* Nothing of it goes to a core dump, to another process of this user, or to swap. */
static void close_in (void)
{
    struct rlimit none = {0, 0};
    (void) setrlimit (RLIMIT_CORE, &none);
    (void) prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void) setvbuf (stdout, NULL, _IONBF, 0); /* what is printed is in no buffer of ours */
}

/* One line without its end; echo is off on a terminal.  0, or -1. */
static int read_line (int fd, const char *prompt, char *into)
{
    struct termios plain, silent;
    bool terminal = tcgetattr (fd, &plain) == 0;
    size_t len = 0;
    ssize_t got = 0;
    if (terminal) {
        silent = plain;
        silent.c_lflag &= ~(tcflag_t) ECHO;
        (void) tcsetattr (fd, TCSAFLUSH, &silent);
        (void) dprintf (fd, "%s", prompt);
    }
    while (len < PASSPHRASE_MOST && (got = read (fd, into + len, 1)) == 1 && into[len] != '\n')
        len++;
    into[len < PASSPHRASE_MOST ? len : PASSPHRASE_MOST - 1] = 0;
    if (terminal) {
        (void) tcsetattr (fd, TCSAFLUSH, &plain);
        (void) dprintf (fd, "\n");
    }
    return got < 0 || len == 0 || len >= PASSPHRASE_MOST ? -1 : 0;
}

static int read_passphrase (struct tool *tool, bool twice)
{
    int fd = tool->passphrase_fd >= 0 ? tool->passphrase_fd : open ("/dev/tty", O_RDWR | O_CLOEXEC);
    char *again = sodium_malloc (PASSPHRASE_MOST);
    tool->passphrase = sodium_malloc (PASSPHRASE_MOST);
    check (again && tool->passphrase);
    int status = 0;
    if (fd < 0 || read_line (fd, "Passphrase: ", tool->passphrase) != 0)
        status = complain (EX_NOPERM, "no passphrase",
                           "there is no terminal to ask at, or nothing was said");
    else if (twice && strlen (tool->passphrase) < PASSPHRASE_LEAST)
        status = complain (EX_NOPERM, "the passphrase is too short", "it needs 12 signs");
    else if (twice &&
             (read_line (fd, "Again: ", again) != 0 || strcmp (again, tool->passphrase) != 0))
        status = complain (EX_NOPERM, "the two passphrases differ", "nothing was written");
    sodium_free (again);
    if (fd >= 0 && fd != tool->passphrase_fd)
        close (fd);
    return status;
}

/* ---- keygen ---------------------------------------------------------------------------------- */

static int keygen (struct tool *tool, const char *path)
{
    struct offline offline = {.number = tool->number};
    if (tool->number == 0)
        return complain (EX_USAGE, "--number", "which month's?  As in keys/seal-N.pub, from 1");
    offline.secret = sodium_malloc (crypto_box_SECRETKEYBYTES);
    check (offline.secret);
    int status = read_passphrase (tool, true), result = 0;
    if (status == 0 && tool->from && number_read_key (tool->from, offline.secret) != 0)
        status = complain (EX_NOINPUT, tool->from, "not a secret key of 64 hexadecimal digits");
    if (status == 0 && !tool->from)
        randombytes_buf (offline.secret, crypto_box_SECRETKEYBYTES);
    if (status == 0 && crypto_scalarmult_base (offline.public_key, offline.secret) != 0)
        status = complain (EX_DATAERR, tool->from ? tool->from : path, "not a secret key");
    if (status == 0 && (result = offline_write (path, &offline, tool->passphrase)) != 0)
        status = complain (EX_CANTCREAT, path,
                           result == FAIL_BUSY ? "is there already and is left as it is"
                                               : strerror (errno));
    if (status == 0)
        printf ("%s\n", hex_text (offline.public_key, sizeof offline.public_key));
    offline_close (&offline);
    return status;
}

/* ---- open ------------------------------------------------------------------------------------ */

/* Who sits here, as this machine knows it. */
static char *operator_name (void)
{
    char host[256] = "?";
    const struct passwd *user = getpwuid (getuid ());
    const char *sudo = getenv ("SUDO_USER");
    (void) gethostname (host, sizeof host - 1);
    return xformat ("%s%s%s at %s", sudo ? sudo : "", sudo ? " as " : "",
                    user ? user->pw_name : "?", host);
}

enum { FAULT, COMPLAINT, ADAPTER, ASKED_BY, APPROVED_BY, REASON, UNTIL };

/* The row that says it is opened, committed; NULL: refused, and said. */
static PGresult *claim_opening (PGconn *db, const char *request, uint32_t number)
{
    char *operator_text = operator_name (), key[16];
    snprintf (key, sizeof key, "%u", number);
    const char *values[] = {request, operator_text, key};
    PGresult *claimed = PQexecParams (
        db,
        "select fault, complaint, adapter, asked_by, approved_by, reason, until from identity_open ($1, $2, $3)",
        3, NULL, values, NULL, NULL, 0);
    const char *state = PQresultErrorField (claimed, PG_DIAG_SQLSTATE), *why = NULL;
    if (PQresultStatus (claimed) != PGRES_TUPLES_OK)
        why = state && strcmp (state, "23505") == 0
                  ? "it was used already: each approval opens once"
                  : PQerrorMessage (db);
    else if (!PQgetisnull (claimed, 0, FAULT))
        why = PQgetvalue (claimed, 0, FAULT);
    if (why) {
        fprintf (stderr, "aduan-identity: request %s is refused: %s\n", request, why);
        PQclear (claimed);
        claimed = NULL;
    }
    free (operator_text);
    return claimed;
}

static void print_claim (const struct tool *tool, const char *request, const PGresult *claimed)
{
    if (tool->json)
        return;
    printf ("request %s, complaint %s, asked by %s, approved by %s\nreason: %s\n", request,
            PQgetvalue (claimed, 0, COMPLAINT), PQgetvalue (claimed, 0, ASKED_BY),
            PQgetvalue (claimed, 0, APPROVED_BY),
            log_text (PQgetvalue (claimed, 0, REASON), strlen (PQgetvalue (claimed, 0, REASON))));
}

static int open_box (struct tool *tool, PGconn *db, const char *request, const PGresult *claimed,
                     const struct offline *offline, const uint8_t *id_key)
{
    const char *values[] = {request};
    struct claim claim = {.adapter = PQgetvalue (claimed, 0, ADAPTER), .id_key = id_key};
    if (id_parse (PQgetvalue (claimed, 0, COMPLAINT), &claim.complaint) != 0)
        return complain (EX_SOFTWARE, "the complaint's id", "cannot be read");
    PGresult *box = PQexecParams (db, "select identity_box ($1)", 1, NULL, values, NULL, NULL, 1);
    int status = EX_OK;
    if (PQresultStatus (box) != PGRES_TUPLES_OK || PQgetisnull (box, 0, 0)) {
        status = complain (EX_UNAVAILABLE, "the box cannot be read; the approval is used up",
                           PQerrorMessage (db));
    } else {
        print_claim (tool, request, claimed);
        const char *wrong = box_print (
            offline, (struct view){PQgetvalue (box, 0, 0), (size_t) PQgetlength (box, 0, 0)},
            &claim, tool->json);
        if (wrong)
            status = complain (EX_DATAERR, "the box is not shown", wrong);
    }
    PQclear (box);
    return status;
}

static int with_database (struct tool *tool, const char *request, const struct offline *offline,
                          const uint8_t *id_key)
{
    PGconn *db = PQconnectdb (tool->conninfo);
    int status = EX_NOPERM;
    if (PQstatus (db) != CONNECTION_OK) {
        status = complain (EX_UNAVAILABLE, "the database cannot be reached", PQerrorMessage (db));
    } else {
        PGresult *claimed = claim_opening (db, request, offline->number);
        if (claimed)
            status = open_box (tool, db, request, claimed, offline, id_key);
        PQclear (claimed);
    }
    PQfinish (db);
    return status;
}

static int open_identity (struct tool *tool, const char *request)
{
    struct offline offline = {0};
    if (!tool->key)
        return complain (EX_USAGE, "--key", "which file has the month's secret key?");
    if (strspn (request, "0123456789") != strlen (request) || strlen (request) > 18)
        return complain (EX_USAGE, request, "a request is a number");
    int result = offline_read (tool->key, &offline);
    if (result != 0)
        return complain (
            EX_NOINPUT, tool->key,
            result == FAIL_ABSENT
                ? "is not there"
                : "is no key of `aduan identity keygen`, or others may read it (mode 0600)");
    uint8_t *id_key = sodium_malloc (ID_KEY_LEN);
    check (id_key);
    int status = 0;
    if (number_read_key (tool->id_key_path, id_key) != 0)
        status = complain (EX_NOINPUT, tool->id_key_path,
                           "the installation's id key cannot be read; a box is judged by it");
    if (status == 0)
        status = read_passphrase (tool, false);
    if (status == 0 && offline_open (tool->key, tool->passphrase, &offline) != 0)
        status = complain (EX_NOPERM, tool->key, "does not open with this passphrase");
    if (status == 0)
        status = with_database (tool, request, &offline, id_key);
    offline_close (&offline);
    sodium_free (id_key);
    return status;
}

/* ---- the life -------------------------------------------------------------------------------- */

/* -1, or an exit status. */
static int read_options (struct tool *tool, int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"database", required_argument, NULL, 'd'},
        {"key", required_argument, NULL, 'k'},    {"id-key", required_argument, NULL, 'i'},
        {"number", required_argument, NULL, 'n'}, {"from", required_argument, NULL, 'f'},
        {"json", no_argument, NULL, 'j'},         {"passphrase-fd", required_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},         {0}};
    int option;
    while ((option = getopt_long (argc, argv, "c:d:i:p:jh", options, NULL)) != -1) {
        switch (option) {
        case 'c': tool->config = optarg; break;
        case 'd': tool->conninfo = xstrdup (optarg); break;
        case 'k': tool->key = optarg; break;
        case 'i': tool->id_key_path = xstrdup (optarg); break;
        case 'n': tool->number = (uint32_t) strtoul (optarg, NULL, 10); break;
        case 'f': tool->from = optarg; break;
        case 'p': tool->passphrase_fd = (int) strtol (optarg, NULL, 10); break;
        case 'j': tool->json = true; break;
        case 'h': usage (stdout); return EX_OK;
        default: usage (stderr); return EX_USAGE;
        }
    }
    return argc - optind == 2 ? -1 : (usage (stderr), EX_USAGE);
}

static int read_settings (struct tool *tool)
{
    struct settings *settings = NULL;
    if (settings_load (tool->config, "identity", identity_settings, array_len (identity_settings),
                       NULL, &settings) != 0)
        return EX_CONFIG;
    const char *database = settings_text (settings, "database");
    if (!tool->conninfo)
        tool->conninfo = *database ? xstrdup (database)
                                   : xformat ("host=%s/pg dbname=aduan user=aduan_identity",
                                              settings_text (settings, "run"));
    if (!tool->id_key_path)
        tool->id_key_path = xformat ("%s/keys/id.key", settings_text (settings, "data"));
    settings_destroy (&settings);
    return 0;
}

int main (int argc, char **argv)
{
    struct tool tool = {.passphrase_fd = -1};
    close_in ();
    log_open ("identity", LOG_WARNING);
    check (sodium_init () >= 0);
    int status = read_options (&tool, argc, argv);
    bool goes_on = status < 0;
    if (goes_on)
        status = read_settings (&tool);
    if (goes_on && status == 0 && strcmp (argv[optind], "keygen") == 0)
        status = keygen (&tool, argv[optind + 1]);
    else if (goes_on && status == 0 && strcmp (argv[optind], "open") == 0)
        status = open_identity (&tool, argv[optind + 1]);
    else if (goes_on && status == 0)
        status = (usage (stderr), EX_USAGE);
    sodium_free (tool.passphrase);
    free (tool.conninfo);
    free (tool.id_key_path);
    return status;
}
