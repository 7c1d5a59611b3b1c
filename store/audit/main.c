/* aduan-audit - verifies the record's chain and tells whose identity was opened.  `aduan audit` is the same.
 *
 * Reads only, by the role aduan_audit: docs/audit.md.
 */
#include "audit.h"
#include "base/log.h"
#include "daemon/settings.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

static const struct setting audit_settings[] = {
    {"database", SETTING_TEXT, "", 0, 0, false,
     "how to reach PostgreSQL (libpq connection string); empty: the installation's own, as aduan_audit"},
    {"zone", SETTING_NUMBER, "7", 7, 9, false,
     "hours east of UTC of a --from or --to that names no zone"},
};

static void usage (FILE *to)
{
    fputs (
        "usage: aduan-audit [-c FILE] [--json] VERB [...]\n"
        "  verify [--from T] [--to T] [--head FILE]\n"
        "                         does the record say what it said when it was written?  Every digest, link and\n"
        "                         signature is computed anew; --head: heads that were kept elsewhere must be in it,\n"
        "                         without them a tail that was cut after the last signature is not noticed\n"
        "  head                   newest head, and newest signed one: lines to keep on another machine\n"
        "  identity [--from T] [--to T]\n"
        "                         whose identity was opened: when, who asked, why, who approved\n"
        "  show CASE|LOGIN|KEY|CODE [--from T] [--to T]\n"
        "                         all that was done with a case (number or id), by or to a person or a key, or\n"
        "                         that was administered of an agency (its code)\n"
        "  -c, --config FILE      settings of the installation (`data`, `audit.database`)\n"
        "  -d, --database TEXT    libpq connection string, in place of audit.database\n"
        "  -k, --key FILE         public halves of the signing key, a line each; standard: DATA/keys/audit.pub\n"
        "  -j, --json             JSON, one value a line\n"
        "T as 2026-11-25, 2026-11-25T10:00 or 2026-11-25T10:00+07:00; one without a zone is of the setting audit.zone (7).\n"
        "status: 0; 64 usage; 65 the record was changed; 66 nothing is there; 69 no database; 78 settings, key\n",
        to);
}

static int say_sum (const struct audit *audit)
{
    if (audit->json)
        printf ("{\"links\": %" PRIu64 ", \"digests\": %" PRIu64 ", \"rows\": %" PRIu64
                ", \"unlinked\": %" PRIu64 ", \"witnesses\": %" PRIu64 ", \"last_link\": %" PRId64
                ", \"signed_link\": %" PRId64 ", \"findings\": %" PRIu64 "}\n",
                audit->links, audit->digests, audit->rows, audit->tail, audit->opaque,
                audit->last_link, audit->signed_link, audit->findings);
    else
        printf ("%" PRIu64 " links, %" PRIu64 " digests, %" PRIu64 " rows; %" PRIu64
                " digests not linked yet, %" PRIu64
                " of rows that do not stay; signed up to link %" PRId64 " of %" PRId64 "\n%s\n",
                audit->links, audit->digests, audit->rows, audit->tail, audit->opaque,
                audit->signed_link, audit->last_link,
                audit->findings ? "THE RECORD WAS CHANGED" : "the chain holds");
    if (audit->findings && !audit->json)
        printf ("%" PRIu64 " findings\n", audit->findings);
    return audit->findings ? EX_DATAERR : audit->links ? EX_OK : EX_NOINPUT;
}

static int verify (struct audit *audit)
{
    int status = keys_read (audit);
    if (status != 0)
        return status;
    audit_connect (audit);
    if ((status = heads_begin (audit)) != 0)
        return status;
    links_verify (audit);
    heads_end (audit);
    rows_verify (audit);
    guards_verify (audit);
    return say_sum (audit);
}

/* -1, or an exit status. */
static int read_options (struct audit *audit, const char **ret_config, int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"database", required_argument, NULL, 'd'},
                                            {"key", required_argument, NULL, 'k'},
                                            {"from", required_argument, NULL, 'f'},
                                            {"to", required_argument, NULL, 't'},
                                            {"head", required_argument, NULL, 'H'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    int option;
    while ((option = getopt_long (argc, argv, "c:d:k:jh", options, NULL)) != -1) {
        switch (option) {
        case 'c': *ret_config = optarg; break;
        case 'd':
            free (audit->conninfo);
            audit->conninfo = xstrdup (optarg);
            break;
        case 'k':
            free (audit->keys_path);
            audit->keys_path = xstrdup (optarg);
            break;
        case 'f': audit->from = optarg; break;
        case 't': audit->to = optarg; break;
        case 'H': audit->head_path = optarg; break;
        case 'j': audit->json = true; break;
        case 'h': usage (stdout); return EX_OK;
        default: usage (stderr); return EX_USAGE;
        }
    }
    return argc > optind ? -1 : (usage (stderr), EX_USAGE);
}

static int read_settings (struct audit *audit, const char *config, int *ret_zone)
{
    struct settings *settings = NULL;
    if (settings_load (config, "audit", audit_settings, array_len (audit_settings), NULL,
                       &settings) != 0)
        return EX_CONFIG;
    const char *database = settings_text (settings, "database");
    if (!audit->conninfo)
        audit->conninfo = *database ? xstrdup (database)
                                    : xformat ("host=%s/pg dbname=aduan user=aduan_audit",
                                               settings_text (settings, "run"));
    if (!audit->keys_path)
        audit->keys_path = xformat ("%s/keys/audit.pub", settings_text (settings, "data"));
    *ret_zone = (int) settings_number (settings, "zone");
    settings_destroy (&settings);
    return 0;
}

/* What the user wrote becomes a moment of UTC.  0, or EX_USAGE, and it is said. */
static int read_moment (const char *option, int zone, const char **moment, char room[48])
{
    uint64_t ms;
    struct tm tm;
    if (!*moment)
        return 0;
    time_t at = time_parse (view_of (*moment), zone, &ms) ? (time_t) (ms / 1000) : -1;
    if (at < 0 || !gmtime_r (&at, &tm) || tm.tm_year > 9999 - 1900) {
        fprintf (stderr,
                 "aduan-audit: %s: \"%s\" is not a time, as 2026-11-25, 2026-11-25T10:00 (of "
                 "UTC%+d), 2026-11-25T10:00Z or 2026-11-25T10:00+07:00\n",
                 option, log_text (*moment, strlen (*moment)), zone);
        return EX_USAGE;
    }
    snprintf (room, 48, "%s", instant_text_ms ((int64_t) ms));
    *moment = room;
    return 0;
}

static int run (struct audit *audit, int count, char **words)
{
    bool lone = count == 1;
    if (strcmp (words[0], "verify") == 0 && lone)
        return verify (audit);
    if (strcmp (words[0], "head") == 0 && lone) {
        audit_connect (audit);
        return head_print (audit);
    }
    if (strcmp (words[0], "identity") == 0 && lone) {
        audit_connect (audit);
        return identity_print (audit);
    }
    if (strcmp (words[0], "show") == 0 && count == 2) {
        audit_connect (audit);
        return show_print (audit, words[1]);
    }
    usage (stderr);
    return EX_USAGE;
}

int main (int argc, char **argv)
{
    struct audit audit = {0};
    const char *config = NULL;
    char from[48], to[48];
    int zone = 0;
    log_open ("audit", LOG_WARNING);
    check (sodium_init () >= 0);
    int status = read_options (&audit, &config, argc, argv);
    if (status < 0)
        status = read_settings (&audit, config, &zone);
    else
        argc = optind; /* said already */
    if (status == 0)
        status = read_moment ("--from", zone, &audit.from, from);
    if (status == 0)
        status = read_moment ("--to", zone, &audit.to, to);
    if (status == 0 && argc > optind)
        status = run (&audit, argc - optind, argv + optind);
    PQfinish (audit.db);
    free (audit.conninfo);
    free (audit.keys_path);
    free (audit.keys);
    return status;
}
