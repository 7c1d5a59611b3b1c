/* aduan-migrate - schema, registry, principals, calendar, limits, rules and model, loaded at set-up and upgrade.
 *
 *     aduan-migrate [-d CONNINFO] schema
 *     aduan-migrate [-d CONNINFO] registry FOLDER
 *     aduan-migrate [-d CONNINFO] principals FILE
 *     aduan-migrate [-d CONNINFO] calendar FILE [--note TEXT] [--shipped]
 *     aduan-migrate [-d CONNINFO] calendar --version N | --show N
 *     aduan-migrate [-d CONNINFO] limits FILE [--note TEXT] [--starts DAY]
 *     aduan-migrate [-d CONNINFO] limits --show N
 *     aduan-migrate [-d CONNINFO] invite LOGIN NAME [ROLE]
 *     aduan-migrate [-d CONNINFO] rules FILE [--note TEXT]
 *     aduan-migrate [-d CONNINFO] rules --version N | --show N
 *     aduan-migrate [-d CONNINFO] model FILE [--name NAME] [--report FILE]
 *     aduan-migrate [-d CONNINFO] model --version N | --show N
 *
 * Run again it changes nothing that is right.  One runs at a time (an advisory lock); each command
 * is one transaction.  Numbers of agencies and functions are PostgreSQL's, given once by code and
 * stable for ever; what is no longer in the files is retired, never deleted.  A key alone stays as
 * it is until its line says `revoked`.  What people have changed by orders (docs/administration.md) is
 * theirs: the files do not decide about it any more.
 */
#include "migrate.h"
#include "base/log.h"

#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static const struct {
    const char *word, *usage;
    int least, most; /* arguments */
    command_fn *run;
} commands[] = {
    {"schema", "", 0, 0, load_schema},
    {"registry", " FOLDER", 1, 1, load_registry},
    {"principals", " FILE", 1, 1, load_principals},
    {"calendar", " FILE [--note TEXT] [--shipped] | --version N | --show N", 1, 4, load_calendar},
    {"limits", " FILE [--note TEXT] [--starts DAY] | --show N", 1, 5, load_limits},
    {"invite", " LOGIN NAME [ROLE]", 2, 3, invite},
    {"rules", " FILE [--note TEXT] | --version N | --show N", 1, 3, load_rules},
    {"model", " FILE [--name NAME] [--report FILE] | --version N | --show N", 1, 5, load_model},
};

static int usage (void)
{
    for (size_t i = 0; i < array_len (commands); i++)
        fprintf (stderr, "%s aduan-migrate [-d CONNINFO] %s%s\n",
                 i ? "      " : "usage:", commands[i].word, commands[i].usage);
    return EX_USAGE;
}

static void notice (void *unused, const char *text)
{
    (void) unused;
    log_debug ("%s", text);
}

static int run_command (const char *conninfo, size_t command, int count, char **arguments)
{
    PGconn *db = PQconnectdb (conninfo);
    if (PQstatus (db) != CONNECTION_OK) {
        log_error ("PostgreSQL: %s", PQerrorMessage (db));
        PQfinish (db);
        return EX_UNAVAILABLE;
    }
    PQsetNoticeProcessor (db, notice, NULL);
    run_quietly (db, "lock", SQL_lock);
    run_text (db, "begin", "begin");
    int status = commands[command].run (db, count, arguments);
    run_text (db, "commit", "commit");
    PQfinish (db);
    return status;
}

int main (int argc, char **argv)
{
    const char *conninfo = "host=/run/aduan/pg dbname=aduan user=aduan_migrate";
    int option;
    log_open ("migrate", LOG_INFO);
    while ((option = getopt (argc, argv, "+d:h")) != -1) {
        if (option != 'd')
            return usage ();
        conninfo = optarg;
    }
    int count = argc - optind - 1;
    for (size_t i = 0; i < array_len (commands) && count >= 0; i++)
        if (strcmp (argv[optind], commands[i].word) == 0 && count >= commands[i].least &&
            count <= commands[i].most)
            return run_command (conninfo, i, count, argv + optind + 1);
    return usage ();
}
