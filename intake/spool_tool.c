/* aduan-spool - looks into intake's spool, and has records offered again.  `aduan spool` is the same.
 *
 * stat, list and verify only read, also while intake runs.  replay and salvage ask the running intake
 * over its control socket: it alone writes into the spool.
 */
#include "client/aduan.h"
#include "inspect.h"
#include "intake.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <libgen.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

struct tool {
    struct settings *settings;
    const char *settings_path;
    char *folder;
    uint8_t id_key[ID_KEY_LEN];
    bool json, has_id;
    struct id id;
    char **arguments;
    size_t argument_count;
};

static void usage (FILE *to)
{
    fputs (
        "usage: aduan-spool [-c FILE] [--folder DIR] [--json] VERB [...]\n"
        "  stat                   segments, bytes, what is not stored yet, the frontier, damage\n"
        "  list [FILE...]         every record that validates: sequence, id, receipt, adapter, bytes\n"
        "  verify [FILE...]       checks every tag; status 65 where something is damaged\n"
        "  replay [SINCE]         intake offers every retained record again; SINCE is a moment as\n"
        "                         2026-11-25 or 2026-11-25T10:00Z, or how long ago, as 90min, 8h, 3d\n"
        "  salvage NAME           intake takes in again what validates in corrupt/NAME; what is known\n"
        "                         as stored is left out, receipts stay as they were\n"
        "  -c, --config FILE      settings of the installation: `data`, intake's spool.folder, `run`\n"
        "  -f, --folder DIR       another spool's folder (a copy, another machine's disk)\n"
        "  -i, --id ID            segment id of files without a header (list, verify, salvage)\n"
        "  -j, --json             JSON, one value a line\n"
        "FILE may be a copy in corrupt/.  stat, list and verify read only, also while intake runs.\n"
        "Needs keys/id.key: the tags are keyed.\n"
        "status: 0; 64 usage; 65 damage; 66 not to be read; 69 intake does not answer; 78 settings\n",
        to);
}

/* ---- output -------------------------------------------------------------------------------- */

static const char *moment (uint64_t ms)
{
    return ms ? instant_text_ms ((int64_t) ms) : "-";
}

static void put_text_json (const char *text)
{
    putchar ('"');
    for (; *text; text++)
        if (*text == '"' || *text == '\\' || (unsigned char) *text < ' ')
            printf ("\\u%04x", (unsigned) (unsigned char) *text);
        else
            putchar (*text);
    putchar ('"');
}

static unsigned count_wounds (const struct inspection *inspection)
{
    unsigned count = 0;
    for (size_t i = 0; i < inspection->count; i++)
        count += inspect_wound (&inspection->files[i]) != NULL;
    return count;
}

static size_t count_corrupt (const char *folder)
{
    char *path = xformat ("%s/corrupt", folder), **names = NULL;
    size_t count = 0;
    if (segment_names (path, &names, &count) == 0)
        segment_names_free (names, count);
    free (path);
    return count;
}

/* ---- stat, list, verify -------------------------------------------------------------------- */

static int print_stat (struct tool *tool, struct inspection *inspection)
{
    const struct spool_state *state = &inspection->state;
    const struct {
        const char *name;
        uint64_t number;
    } rows[] = {{"segments", inspection->count},
                {"spares", inspection->spares},
                {"bytes", inspection->bytes},
                {"records", inspection->records},
                {"undrained", inspection->undrained},
                {"frontier", state->frontier},
                {"next", state->next_seq},
                {"gaps", state->gap_count},
                {"missing", inspection->missing},
                {"damaged", count_wounds (inspection)},
                {"corrupt", count_corrupt (tool->folder)},
                {"replay", state->replay},
                {"system", state->system},
                {"timeline", state->timeline},
                {"position", state->position},
                {"oldest", inspection->oldest},
                {"newest", inspection->newest}};
    for (size_t i = 0; i < array_len (rows); i++) {
        bool is_time = strcmp (rows[i].name, "oldest") == 0 || strcmp (rows[i].name, "newest") == 0;
        if (tool->json)
            printf ("%s\"%s\": %" PRIu64, i ? ", " : "{", rows[i].name, rows[i].number);
        else if (is_time)
            printf ("%s: %s\n", rows[i].name, moment (rows[i].number));
        else
            printf ("%s: %" PRIu64 "\n", rows[i].name, rows[i].number);
    }
    if (tool->json)
        puts ("}");
    return EX_OK;
}

static void print_record (void *owner, const struct inspected *file,
                          const struct spool_record *record)
{
    const struct tool *tool = owner;
    struct record_parts parts = {0};
    char number[NUMBER_LEN + 1] = "-";
    bool good = record_parse (record->at, record->len, &parts);
    if (good)
        number_of_id (&parts.id, number);
    if (tool->json) {
        printf ("{\"seq\": %" PRIu64 ", \"id\": \"%s\", \"number\": \"%s\", \"received\": %" PRIu64
                ", \"adapter\": %u, \"bytes\": %u, \"drained\": %s, \"doubtful\": %s, "
                "\"offset\": %u, \"file\": ",
                record->seq, good ? id_text (&parts.id) : "", number, record->received,
                parts.adapter, record->len, record->drained ? "true" : "false",
                record->doubtful ? "true" : "false", record->offset);
        put_text_json (file->name);
        puts ("}");
        return;
    }
    printf ("%10" PRIu64 "  %s  %s  %s  adapter %u  %u bytes  %s%s%s  %s\n", record->seq,
            good ? id_text (&parts.id) : "not a submission", number, moment (record->received),
            parts.adapter, record->len, record->drained ? "drained" : "undrained",
            record->doubtful ? ", doubtful" : "", record->salvaged ? ", salvaged" : "", file->name);
}

/* Without a word a file that holds nothing readable would look like an empty one.  A segment that lost
 * its headers is named and still no fault here - that is verify's - but what is no segment is. */
static int print_list (struct tool *tool, struct inspection *inspection)
{
    static const char end[] = ".segment";
    int status = EX_OK;
    inspect_each (inspection, print_record, tool);
    for (size_t i = 0; i < inspection->count; i++) {
        const struct inspected *file = &inspection->files[i];
        size_t len = strlen (file->name);
        bool named = len >= strlen (end) && strcmp (file->name + len - strlen (end), end) == 0;
        if (file->segment || (named && !inspect_wound (file)))
            continue;
        fprintf (stderr, "aduan-spool: %s: no segment of this spool: no header validates%s\n",
                 file->path, tool->has_id ? "" : "; --id ID reads one that lost its headers");
        if (!named)
            status = EX_DATAERR;
    }
    return status;
}

static int print_verify (struct tool *tool, struct inspection *inspection)
{
    for (size_t i = 0; i < inspection->count; i++) {
        const struct inspected *file = &inspection->files[i];
        const char *wound = inspect_wound (file);
        uint64_t records = file->segment ? file->segment->records : 0;
        if (!tool->json) {
            printf ("%s: %s, %" PRIu64 " records\n", file->path, wound ? wound : "whole", records);
            continue;
        }
        printf ("{\"file\": ");
        put_text_json (file->path);
        printf (", \"records\": %" PRIu64 ", \"damage\": ", records);
        put_text_json (wound ? wound : "");
        puts ("}");
    }
    if (inspection->missing)
        fprintf (stderr, "%" PRIu64 " sequences are neither there nor drained\n",
                 inspection->missing);
    return count_wounds (inspection) || inspection->missing ? EX_DATAERR : EX_OK;
}

/* ---- replay, salvage ----------------------------------------------------------------------- */

static int ask_intake (struct tool *tool, const char *page)
{
    char *endpoint = xformat ("ipc://%s/intake.ctl", settings_text (tool->settings, "run")),
         *text = NULL;
    struct aduan *aduan = NULL;
    struct aduan_options options = {.name = "aduan-spool", .query = endpoint};
    int status = EX_UNAVAILABLE;
    if (aduan_open (&options, &aduan) != 0)
        fprintf (stderr, "aduan-spool: %s\n", aduan_problem ());
    else if (aduan_ask (aduan, page, NULL, 10000, &text) != ADUAN_DONE)
        fprintf (stderr, "aduan-spool: intake does not answer at %s: start it, it does the work\n",
                 endpoint);
    else
        status = strncmp (text, "failed", 6) == 0 ? EX_NOINPUT : EX_OK;
    if (text)
        fputs (text, status == EX_OK ? stdout : stderr);
    aduan_close (&aduan);
    free (text);
    free (endpoint);
    return status;
}

/* "8h" ago, or a moment in UTC.  0 where it is neither. */
static uint64_t moment_of (const char *text)
{
    static const char *const forms[] = {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ", "%Y-%m-%d"};
    static const struct {
        const char *word;
        int64_t ms;
    } units[] = {{"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}};
    for (size_t i = 0; i < array_len (forms); i++) {
        struct tm tm = {0};
        const char *end = strptime (text, forms[i], &tm);
        if (end && !*end)
            return (uint64_t) timegm (&tm) * 1000;
    }
    char *end;
    long long count = strtoll (text, &end, 10);
    for (size_t i = 0; i < array_len (units) && end != text && count > 0; i++)
        if (strcmp (end, units[i].word) == 0 && count < wall_ms () / units[i].ms)
            return (uint64_t) (wall_ms () - count * units[i].ms);
    return 0;
}

static int do_replay (struct tool *tool)
{
    uint64_t since = tool->argument_count ? moment_of (tool->arguments[0]) : 0;
    if (tool->argument_count > 1 || (tool->argument_count && !since)) {
        fprintf (stderr, "aduan-spool: replay [SINCE]: as 2026-11-25, 2026-11-25T10:00Z, 8h\n");
        return EX_USAGE;
    }
    char *page = since ? xformat ("replay %" PRIu64, since) : xstrdup ("replay");
    int status = ask_intake (tool, page);
    free (page);
    return status;
}

static int do_salvage (struct tool *tool)
{
    if (tool->argument_count != 1) {
        fprintf (stderr, "aduan-spool: salvage NAME: a file in %s/corrupt\n", tool->folder);
        return EX_USAGE;
    }
    char *page = xformat ("salvage %s%s%s", basename (tool->arguments[0]), tool->has_id ? " " : "",
                          tool->has_id ? id_text (&tool->id) : "");
    int status = ask_intake (tool, page);
    free (page);
    return status;
}

/* ---- the life ------------------------------------------------------------------------------ */

typedef int inspection_fn (struct tool *tool, struct inspection *inspection);

static const struct verb {
    const char *name;
    inspection_fn *inspect;
    int (*run) (struct tool *tool);
    bool takes_files;
} verbs[] = {{"stat", print_stat, NULL, false},
             {"list", print_list, NULL, true},
             {"verify", print_verify, NULL, true},
             {"replay", NULL, do_replay, false},
             {"salvage", NULL, do_salvage, false}};

static int inspect_with (struct tool *tool, const struct verb *verb)
{
    struct inspection inspection = {0};
    if (tool->argument_count && !verb->takes_files) {
        usage (stderr);
        return EX_USAGE;
    }
    for (size_t i = 0; i < tool->argument_count; i++)
        if (access (tool->arguments[i], R_OK) != 0) {
            fprintf (stderr, "aduan-spool: %s: %s\n", tool->arguments[i], strerror (errno));
            return EX_NOINPUT;
        }
    if (tool->argument_count) {
        inspect_files (tool->arguments, tool->argument_count, tool->id_key,
                       tool->has_id ? &tool->id : NULL, &inspection);
    } else if (inspect_folder (tool->folder, tool->id_key, &inspection) != 0) {
        fprintf (stderr, "aduan-spool: %s: %s\n", tool->folder, strerror (errno));
        return EX_NOINPUT;
    }
    int status = verb->inspect (tool, &inspection);
    inspect_end (&inspection);
    return status;
}

/* -1, or an exit status. */
static int read_options (struct tool *tool, int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"folder", required_argument, NULL, 'f'},
        {"id", required_argument, NULL, 'i'},     {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},         {0}};
    int option;
    while ((option = getopt_long (argc, argv, "c:f:i:jh", options, NULL)) != -1) {
        switch (option) {
        case 'c': tool->settings_path = optarg; break;
        case 'f':
            free (tool->folder);
            tool->folder = xstrdup (optarg);
            break;
        case 'i':
            tool->has_id = id_parse (optarg, &tool->id) == 0;
            if (tool->has_id)
                break;
            fprintf (stderr, "aduan-spool: --id %s: not 32 hexadecimal digits\n", optarg);
            return EX_USAGE;
        case 'j': tool->json = true; break;
        case 'h': usage (stdout); return EX_OK;
        default: usage (stderr); return EX_USAGE;
        }
    }
    tool->arguments = argv + optind + 1;
    tool->argument_count = argc > optind ? (size_t) (argc - optind - 1) : 0;
    return argc > optind ? -1 : (usage (stderr), EX_USAGE);
}

static int read_settings (struct tool *tool)
{
    if (settings_load (tool->settings_path, "intake", intake_settings, intake_settings_len, NULL,
                       &tool->settings) != 0)
        return EX_CONFIG;
    const char *data = settings_text (tool->settings, "data"),
               *elsewhere = settings_text (tool->settings, "spool.folder");
    if (!tool->folder)
        tool->folder = *elsewhere ? xstrdup (elsewhere) : xformat ("%s/spool", data);
    char *path = xformat ("%s/keys/id.key", data);
    int result = number_read_key (path, tool->id_key);
    if (result != 0)
        fprintf (stderr, "aduan-spool: %s: %s; tags cannot be checked without it\n", path,
                 fail_text (result));
    free (path);
    return result == 0 ? 0 : EX_CONFIG;
}

int main (int argc, char **argv)
{
    struct tool tool = {0};
    const struct verb *verb = NULL;
    log_open ("spool", LOG_WARNING);
    int status = read_options (&tool, argc, argv);
    for (size_t i = 0; status < 0 && i < array_len (verbs); i++)
        if (strcmp (argv[optind], verbs[i].name) == 0)
            verb = &verbs[i];
    if (status < 0 && !verb) {
        usage (stderr);
        status = EX_USAGE;
    }
    check (sodium_init () >= 0);
    if (status < 0)
        status = read_settings (&tool);
    if (status == 0 && verb)
        status = verb->run ? verb->run (&tool) : inspect_with (&tool, verb);
    settings_destroy (&tool.settings);
    sodium_memzero (tool.id_key, sizeof tool.id_key);
    free (tool.folder);
    return status;
}
