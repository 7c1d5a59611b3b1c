/* import.c - `aduan import`: a file of complaints, as many in flight as wanted, resumable.
 *
 * Records are submitted in the order of the file and answered in any; `flight` keeps them in the
 * file's order.  The position - counts, rejects, byte offset - moves only past records that are
 * answered, so whatever is interrupted where, the next run goes on with the first unanswered one.  It
 * is saved once a second and at the end; what is submitted again is the same complaint by its key.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>
#include "import.h"
#include "wire/wire.h"

#define FLIGHT_MOST                                                                                \
    65536 /* records read and not passed, answered ones behind a silent one included */
#define SAVE_MS 1000
#define STOP_MS 10000 /* how long an interrupted run waits for what is in flight */

const struct option_row import_options[] = {
    {"map", 'm', OPTION_SEVERAL, "FIELD=SOURCE,...", TEXT_o_map},
    {"set", 's', OPTION_SEVERAL, "FIELD=VALUE,...", TEXT_o_set},
    {"category-map", 0, OPTION_VALUE, "FILE", TEXT_o_category_map},
    {"format", 0, OPTION_VALUE, "jsonl|csv", TEXT_o_format},
    {"delimiter", 0, OPTION_VALUE, "SYMBOL", TEXT_o_delimiter},
    {"rate", 0, OPTION_VALUE, "N", TEXT_o_rate},
    {"parallel", 0, OPTION_VALUE, "N", TEXT_o_parallel},
    {"state", 0, OPTION_VALUE, "FILE", TEXT_o_state},
    {"rejects", 0, OPTION_VALUE, "FILE", TEXT_o_rejects},
    {"receipts", 0, OPTION_VALUE, "FILE", TEXT_o_receipts},
    {"from-start", 0, OPTION_FLAG, NULL, TEXT_o_from_start},
    {"check", 0, OPTION_FLAG, NULL, TEXT_o_check},
    {"quiet", 'q', OPTION_FLAG, NULL, TEXT_o_quiet},
    {"give-up", 0, OPTION_VALUE, "SECONDS", TEXT_o_give_up},
    {"as", 0, OPTION_VALUE, "NAME", TEXT_o_as_adapter},
    {"official", 0, OPTION_FLAG, NULL, TEXT_o_official},
    {"open311", 0, OPTION_VALUE, "URL", TEXT_o_open311},
    {"jurisdiction", 0, OPTION_VALUE, "ID", TEXT_o_jurisdiction},
    {"since", 0, OPTION_VALUE, "DAY", TEXT_o_open311_since},
    {"redirects", 0, OPTION_FLAG, NULL, TEXT_o_redirects},
    {"system", 0, OPTION_VALUE, "NAME", TEXT_o_system},
    {"zone", 0, OPTION_VALUE, "HOURS", TEXT_o_import_zone},
};
const size_t import_options_len = array_len (import_options);

static volatile sig_atomic_t interrupted;

static void on_interrupt (int signal)
{
    (void) signal;
    interrupted = 1;
}

/* ---- passing --------------------------------------------------------------------------------- */

static json_t *raw_json (const struct flying *flying)
{
    json_t *text = json_stringn (flying->raw, flying->raw_len);
    if (text)
        return text;
    struct buffer clean = {0}; /* JSON holds no broken UTF-8; the line number leads to the bytes */
    utf8_clean (flying->raw, flying->raw_len, &clean);
    text = json_stringn (clean.at ? clean.at : "", clean.len);
    buffer_free (&clean);
    return text;
}

/* A check writes no file: one of an earlier run's rejects may be there, and its position counts on it. */
static void name_fault (struct import *import, const struct flying *flying)
{
    const char *word = reject_word (flying->reject);
    char *why = flying->why ? xformat (": %s", flying->why) : xstrdup ("");
    progress_close (&import->progress);
    if (flying->limit)
        say (stderr, TEXT_check_long, "line", count_text (flying->line), "code", word, "field",
             flying->field, "length", count_text (flying->length), "limit",
             count_text (flying->limit), NULL);
    else
        say (stderr, *flying->field ? TEXT_check_field : TEXT_check_broken, "line",
             count_text (flying->line), "code", word, "field", flying->field, "why", why, NULL);
    free (why);
}

static void keep_reject (struct import *import, const struct flying *flying)
{
    json_t *row = json_pack ("{s:I, s:s}", "line", (json_int_t) flying->line, "code",
                             reject_word (flying->reject));
    if (*flying->field)
        json_object_set_new (row, "field", json_string (flying->field));
    if (flying->why)
        json_object_set_new (row, "why", json_string (flying->why));
    json_object_set_new (row, "record", raw_json (flying));
    char *line = json_dumps (row, JSON_COMPACT), *with_end = xformat ("%s\n", line);
    size_t len = strlen (with_end);
    json_decref (row);
    free (line);
    if (import->rejects < 0)
        import->rejects = open (import->rejects_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    bool kept = import->rejects >= 0 && pwrite (import->rejects, with_end, len,
                                                import->position.rejects_len) == (ssize_t) len;
    free (with_end);
    if (kept) {
        import->position.rejects_len += (int64_t) len;
    } else if (import->status == 0) { /* a reject that nobody can read would be lost */
        import->status = complain (EX_CANTCREAT, TEXT_cannot_write, "path", import->rejects_path,
                                   "why", strerror (errno), NULL);
    }
}

/* What was accepted, one line each, written as the answer comes: the other system's key beside our
 * number.  A run that was cut off repeats its last lines, with the same number. */
static void keep_receipt (struct import *import, const struct flying *flying,
                          const struct aduan_submitted *result)
{
    struct id id;
    memcpy (id.at, result->id, sizeof id.at);
    json_t *key = json_string (flying->key),
           *row = json_pack ("{s:I, s:o, s:s, s:s, s:b}", "line", (json_int_t) flying->line, "key",
                             key ? key : json_null (), "id", id_text (&id), "number",
                             result->number, "repeated", result->repeated);
    char *line = json_dumps (row, JSON_COMPACT), *with_end = xformat ("%s\n", line);
    size_t len = strlen (with_end);
    json_decref (row);
    free (line);
    if (write (import->receipts, with_end, len) != (ssize_t) len && import->status == 0)
        import->status =
            complain (EX_CANTCREAT, TEXT_cannot_write, "path",
                      option (&import->cli->options, "receipts"), "why", strerror (errno), NULL);
    free (with_end);
}

static void flying_free (struct flying *flying)
{
    sodium_memzero (flying->raw, flying->raw_len); /* it may hold an identity */
    free (flying->raw);
    free (flying->key);
    free (flying);
}

static void show_position (struct import *import)
{
    import->progress.at = import->position.offset;
    import->progress.accepted = import->position.accepted;
    import->progress.repeated = import->position.repeated;
    import->progress.rejected = import->position.rejected;
}

/* Moves the position past what is answered. */
static void pass (struct import *import)
{
    struct flying *flying;
    while ((flying = import->flight) != NULL && flying->over && import->status == 0) {
        if (flying->reject && import->check_only)
            name_fault (import, flying);
        else if (flying->reject)
            keep_reject (import, flying);
        if (import->status != 0)
            return;
        import->position.rejected += flying->reject != 0;
        import->position.skipped += flying->skipped;
        import->position.repeated += flying->repeated;
        import->position.accepted += !flying->reject && !flying->repeated && !flying->skipped;
        import->position.offset = flying->end;
        import->position.line = flying->end_line;
        DL_DELETE (import->flight, flying);
        import->kept--;
        flying_free (flying);
    }
    show_position (import);
}

static void save (struct import *import, bool now)
{
    if (!import->saves || (!now && mono_ms () - import->saved_at < SAVE_MS))
        return;
    import->saved_at = mono_ms ();
    if (import->rejects >= 0)
        fdatasync (import->rejects); /* before the position that counts on it */
    if (position_write (import->state_path, &import->position) == 0)
        return;
    complain (0, TEXT_state_unwritable, "path", import->state_path, "why", strerror (errno), NULL);
    import->saves = false;
}

/* ---- submitting ------------------------------------------------------------------------------ */

static void flying_over (struct flying *flying)
{
    struct import *import = flying->import;
    flying->over = true;
    import->in_flight--;
    pass (import);
}

static void on_submitted (void *with, const struct aduan_submitted *result)
{
    struct flying *flying = with;
    struct import *import = flying->import;
    if (import->closing)
        return; /* unknown: the position stays in front of it */
    import->heard_at = mono_ms ();
    import->progress.waiting = false;
    switch (result->result) {
    case ADUAN_ACCEPTED:
        flying->repeated = result->repeated;
        if (flying->key)
            keep_receipt (import, flying, result);
        break;
    case ADUAN_REJECTED:
        /* another system goes on with what it showed before: it is known here, and no fault of the row */
        if (import->moves_in && result->reject == ADUAN_REJECT_CONFLICT) {
            flying->repeated = true;
            import->changed++;
            break;
        }
        flying->reject = result->reject;
        snprintf (flying->field, sizeof flying->field, "%s", result->field);
        break;
    default: /* refused: so would be all others */
        if (import->status == 0)
            import->status = complain (
                EX_NOPERM, TEXT_refused, "why",
                result->refusal ? aduan_refusal_word (result->refusal) : result->field, NULL);
        import->in_flight--;
        return;
    }
    flying_over (flying);
}

static struct flying *flying_new (struct import *import, const struct record *record)
{
    struct flying *flying = xcalloc (1, sizeof *flying);
    *flying = (struct flying){
        .import = import, .line = record->line, .end = record->end, .end_line = record->end_line};
    flying->raw = xstrndup (record->raw.at ? record->raw.at : "", 0);
    if (record->raw.len) {
        flying->raw = xrealloc (flying->raw, record->raw.len);
        memcpy (flying->raw, record->raw.at, record->raw.len);
        flying->raw_len = record->raw.len;
    }
    DL_APPEND (import->flight, flying);
    import->kept++;
    import->in_flight++;
    return flying;
}

static void start (struct import *import, struct record *record)
{
    struct finding finding = {.field = ""};
    struct flying *flying = flying_new (import, record);
    uint32_t reject = REJECT_MALFORMED;
    if (!record->fault)
        reject = mapping_fill (import->mapping, record, &import->draft, &finding.field);
    if (import->official && official_status (import->official) != 0) {
        import->status = official_status (import->official);
        import->in_flight--; /* the position stays in front of it */
        return;
    }
    flying->skipped = reject == MAPPING_SKIP;
    if (!reject && import->check_only)
        reject = submission_check (&import->draft.submission, &finding);
    if (flying->skipped) {
        flying_over (flying);
    } else if (reject) {
        flying->reject = reject;
        flying->why = record->fault ? record->fault : import->draft.why;
        flying->length = finding.length;
        flying->limit = finding.limit;
        snprintf (flying->field, sizeof flying->field, "%s", finding.field);
        flying_over (flying);
    } else if (import->check_only) {
        flying_over (flying);
    } else {
        import->started++;
        if (import->receipts >= 0)
            flying->key = xstrndup (import->draft.key, import->draft.submission.key_len);
        aduan_submit_start (import->aduan, &import->draft.submission, 0, on_submitted, flying);
    }
}

/* ms until the throttle lets the next one go; 0: now. */
static int64_t throttled (struct import *import)
{
    if (!import->rate)
        return 0;
    int64_t now = mono_ms ();
    int64_t due = import->started_at + (int64_t) import->started * 1000 / import->rate;
    if (now - due > 1000) { /* after an outage: no burst to make up for it */
        import->started_at = now;
        import->started = 0;
        return 0;
    }
    return due > now ? due - now : 0;
}

/* Starts what may start; ms until there is more to start, -1: only an answer can tell. */
static int64_t feed (struct import *import)
{
    while (!import->ended && import->status == 0 && !interrupted) {
        struct record record;
        bool failed;
        if (import->in_flight >= import->parallel || import->kept >= FLIGHT_MOST)
            return -1;
        int64_t wait = throttled (import);
        if (wait)
            return wait;
        if (!reader_next (import->reader, &record, &failed)) {
            import->ended = true;
            if (failed)
                import->status = complain (EX_IOERR, TEXT_cannot_read, "path", import->path, "why",
                                           strerror (errno), NULL);
            return 0;
        }
        if (record.unfinished && import->grows) {
            import->unfinished = record.line;
            import->ended = true;
            return 0; /* there is no JSON to be freed */
        }
        start (import, &record);
        record_done (&record);
        progress_show (&import->progress, false);
    }
    return 0;
}

static void run (struct import *import)
{
    int64_t stop_by = 0;
    import->started_at = import->heard_at = mono_ms ();
    import->began = import->position;
    show_position (import); /* before the count begins: earlier runs are not this one's rate */
    progress_open (&import->progress);
    for (;;) {
        int64_t wait = feed (import);
        bool nothing_left = import->ended || interrupted || import->status != 0;
        if (nothing_left && import->in_flight == 0)
            break;
        if ((interrupted || import->status != 0) && stop_by == 0)
            stop_by = mono_ms () + STOP_MS;
        if (stop_by && mono_ms () >= stop_by)
            break;
        int64_t show = progress_wait (&import->progress);
        int64_t most = wait < 0 || nothing_left ? show : wait < show ? wait : show;
        aduan_turn (import->aduan, most < 200 ? most : 200);
        int64_t silent = mono_ms () - import->heard_at;
        import->progress.waiting = import->in_flight && silent > 5000;
        if (import->give_up_ms && import->in_flight && silent > import->give_up_ms) {
            import->status = complain (EX_TEMPFAIL, TEXT_import_gave_up, "where",
                                       cli_text (import->cli, "intake"), NULL);
            break;
        }
        progress_show (&import->progress, false);
        save (import, false);
    }
    if (interrupted && import->status == 0 && !(import->ended && import->kept == 0))
        import->status = EX_TEMPFAIL;
    progress_show (&import->progress, true);
    progress_close (&import->progress);
}

/* ---- the command ----------------------------------------------------------------------------- */

static json_t *counts_json (uint64_t accepted, uint64_t repeated, uint64_t rejected)
{
    return json_pack ("{s:I, s:I, s:I}", "accepted", (json_int_t) accepted, "repeated",
                      (json_int_t) repeated, "rejected", (json_int_t) rejected);
}

/* What the registry could not say. */
static json_t *official_json (const struct import *import)
{
    struct official_counts counts = official_counts (import->official);
    return json_pack ("{s:I, s:I, s:I, s:I, s:I, s:I}", "categories",
                      (json_int_t) counts.categories, "agencies", (json_int_t) counts.agencies,
                      "places", (json_int_t) counts.places, "classes", (json_int_t) counts.classes,
                      "channels", (json_int_t) counts.channels, "types", (json_int_t) counts.types);
}

static void official_say (const struct import *import)
{
    struct official_counts counts = official_counts (import->official);
    say (stdout, TEXT_import_official, "ended", count_text (import->position.skipped), "changed",
         count_text (import->changed), "categories", count_text (counts.categories), "agencies",
         count_text (counts.agencies), "places", count_text (counts.places), "classes",
         count_text (counts.classes), "channels", count_text (counts.channels), "types",
         count_text (counts.types), NULL);
}

static void report_json (const struct import *import, const struct position *run, bool whole)
{
    const struct position *all = &import->position;
    json_t *out = counts_json (run->accepted, run->repeated, run->rejected);
    json_object_set_new (out, "in_all", counts_json (all->accepted, all->repeated, all->rejected));
    json_object_set_new (out, "complete", json_boolean (whole));
    json_object_set_new (out, "line", json_integer ((json_int_t) all->line));
    json_object_set_new (out, "unknown_categories",
                         json_integer ((json_int_t) mapping_unknown (import->mapping)));
    if (import->moves_in) {
        json_object_set_new (out, "ended", json_integer ((json_int_t) all->skipped));
        json_object_set_new (out, "changed", json_integer ((json_int_t) import->changed));
    }
    if (import->official)
        json_object_set_new (out, "left_open", official_json (import));
    json_object_set_new (out, "rate", json_real (progress_rate (&import->progress)));
    if (all->rejected && !import->check_only)
        json_object_set_new (out, "rejects", json_string (import->rejects_path));
    if (import->unfinished)
        json_object_set_new (out, "unfinished", json_integer ((json_int_t) import->unfinished));
    put_json (out);
    json_decref (out);
}

static void say_counts (enum text_key text, const struct position *counts, double rate)
{
    say (stdout, text, "accepted", count_text (counts->accepted), "repeated",
         count_text (counts->repeated), "rejected", count_text (counts->rejected), "rate",
         decimal_text (rate), NULL);
}

/* What this run did; besides, what all runs of this file did. */
static void report (struct import *import)
{
    const struct position *all = &import->position, *began = &import->began;
    const struct position run = {.accepted = all->accepted - began->accepted,
                                 .repeated = all->repeated - began->repeated,
                                 .rejected = all->rejected - began->rejected};
    uint64_t unknown = mapping_unknown (import->mapping);
    bool whole = import->ended && import->kept == 0 && !import->unfinished;
    if (import->cli->json) {
        report_json (import, &run, whole);
        return;
    }
    if (whole && !import->check_only && began->offset > 0 && began->offset == all->offset)
        say (stdout, TEXT_import_nothing, NULL);
    else
        say_counts (import->check_only ? TEXT_import_checked : TEXT_import_summed, &run,
                    progress_rate (&import->progress));
    if (began->offset > 0)
        say_counts (TEXT_import_in_all, all, 0);
    if (import->official)
        official_say (import);
    else if (import->moves_in)
        say (stdout, TEXT_import_open311, "ended", count_text (all->skipped), "changed",
             count_text (import->changed), NULL);
    if (unknown)
        say (stdout, TEXT_import_categories, "count", count_text (unknown), NULL);
    if (all->rejected && !import->check_only)
        say (stdout, TEXT_import_rejects, "path", import->rejects_path, NULL);
    if (import->unfinished)
        say (stdout, TEXT_import_unfinished, "line", count_text (import->unfinished), NULL);
    else if (!whole)
        say (stdout, TEXT_import_incomplete, "line", count_text (all->line), NULL);
}

static void import_close (struct import *import)
{
    struct flying *flying, *next;
    import->closing = true;
    aduan_close (&import->aduan);
    DL_FOREACH_SAFE (import->flight, flying, next)
        flying_free (flying);
    if (import->rejects >= 0)
        close (import->rejects);
    if (import->receipts >= 0)
        close (import->receipts);
    position_unlock (import->state_path, import->lock);
    draft_free (&import->draft);
    mapping_free (&import->mapping);
    official_free (&import->official);
    reader_close (&import->reader);
    free (import->fetched);
    free (import->state_path);
    free (import->rejects_path);
}

int run_import (struct cli *cli)
{
    struct import import = {
        .cli = cli, .rejects = -1, .receipts = -1, .lock = -1, .mapping = mapping_new ()};
    int status = 0, fetch_status = 0;
    bool asks = option (&cli->options, "open311") != NULL;
    if (cli->options.argument_count > 1 || (!asks && cli->options.argument_count == 0))
        status = complain (EX_USAGE, TEXT_import_which, NULL);
    else
        status = import_said (&import);
    if (status == 0 && asks)
        status = open311_fetch (cli, &import.fetched, &fetch_status);
    if (status == 0)
        import.path = asks ? import.fetched : cli->options.arguments[0];
    if (status == 0)
        status = import_open (&import);
    if (status == 0)
        status = cli_open (cli, import.check_only ? 0 : SIDE_INTAKE, NULL, &import.aduan);
    if (status == 0) {
        sigaction (SIGINT, &(struct sigaction){.sa_handler = on_interrupt}, NULL);
        sigaction (SIGTERM, &(struct sigaction){.sa_handler = on_interrupt}, NULL);
        run (&import);
        save (&import, true);
        report (&import);
        status = import.status;
        if (status == 0)
            status =
                fetch_status; /* half of it came: that is imported, and the rest is not forgotten */
        if (status == 0 && (import.position.rejected || import.unfinished))
            status = EX_DATAERR;
    }
    import_close (&import);
    return status;
}
