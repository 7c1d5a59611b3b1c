/* track.c - `aduan track` and `aduan queue`: what aduan-query knows, for people and programs. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "cli.h"
#include "domain/number.h"

/* ---- track ----------------------------------------------------------------------------------- */

static enum text_key status_text (const char *word)
{
    static const struct {
        const char *word;
        enum text_key text;
    } rows[] = {
        {"received", TEXT_status_received},       {"verified", TEXT_status_verified},
        {"postponed", TEXT_status_postponed},     {"assigned", TEXT_status_assigned},
        {"in_progress", TEXT_status_in_progress}, {"returned", TEXT_status_returned},
        {"resolved", TEXT_status_resolved},       {"archived", TEXT_status_archived},
        {"blocked", TEXT_status_blocked},         {"merged", TEXT_status_merged},
    };
    for (size_t i = 0; i < array_len (rows); i++)
        if (strcmp (rows[i].word, word) == 0)
            return rows[i].text;
    return TEXT_none;
}

const char *status_said (const char *word)
{
    enum text_key text = status_text (word);
    return text ? text_of (text) : word;
}

static enum text_key event_text (const char *word)
{
    static const struct {
        const char *word;
        enum text_key text;
    } rows[] = {
        {"placed", TEXT_event_placed},
        {"ack", TEXT_event_ack},
        {"nack", TEXT_event_nack},
        {"release", TEXT_event_release},
        {"extend", TEXT_event_extend},
        {"park", TEXT_event_park},
        {"progress", TEXT_event_progress},
        {"answer", TEXT_event_answer},
        {"ask", TEXT_event_ask},
        {"hand_back", TEXT_event_hand_back},
        {"assign", TEXT_event_assign},
        {"support", TEXT_event_support},
        {"close", TEXT_event_close},
        {"hand_over", TEXT_event_hand_over},
        {"reply", TEXT_event_reply},
        {"completion", TEXT_event_completion},
        {"rating", TEXT_event_rating},
        {"withdrawal", TEXT_event_withdrawal},
        {"link", TEXT_event_link},
        {"merge", TEXT_event_merge},
        {"joined", TEXT_event_joined},
        {"unmerge", TEXT_event_unmerge},
        {"followed", TEXT_event_followed},
        {"not_oversight", TEXT_event_not_oversight},
        {"warned", TEXT_event_warned},
        {"breach", TEXT_event_breach},
        {"escalate", TEXT_event_escalate},
        {"auto_close", TEXT_event_auto_close},
        {"expire", TEXT_event_expire},
        {"recomputed", TEXT_event_recomputed},
        {"annulled", TEXT_event_annulled},
        {"offered", TEXT_event_offered},
        {"reminded", TEXT_event_reminded},
        {"verify", TEXT_event_verify},
        {"take_on", TEXT_event_take_on},
        {"correct", TEXT_event_correct},
        {"archive", TEXT_event_archive},
        {"chase", TEXT_event_chase},
        {"split", TEXT_event_split},
        {"draft", TEXT_event_draft},
        {"approve", TEXT_event_approve},
        {"send_back", TEXT_event_send_back},
        {"block", TEXT_event_block},
        {"closing", TEXT_event_closing},
        {"reopening", TEXT_event_reopening},
        {"reopened", TEXT_event_reopened},
        {"consent", TEXT_event_consent},
        {"flags", TEXT_event_flags},
        {"take_over", TEXT_event_take_over},
        {"note", TEXT_event_note},
        {"publish", TEXT_event_publish},
        {"unpublish", TEXT_event_unpublish},
    };
    for (size_t i = 0; i < array_len (rows); i++)
        if (strcmp (rows[i].word, word) == 0)
            return rows[i].text;
    return TEXT_none;
}

/* Why it was ended. */
static void put_reason (const char *word)
{
    static const struct {
        const char *word;
        enum text_key text;
    } rows[] = {
        {"fixed", TEXT_reason_fixed},
        {"explained", TEXT_reason_explained},
        {"planned", TEXT_reason_planned},
        {"cannot_fix", TEXT_reason_cannot_fix},
        {"info_given", TEXT_reason_info_given},
        {"sara", TEXT_reason_sara},
        {"no_evidence", TEXT_reason_no_evidence},
        {"unclear", TEXT_reason_unclear},
        {"not_government", TEXT_reason_not_government},
        {"bad_format", TEXT_reason_bad_format},
        {"too_general", TEXT_reason_too_general},
        {"private_party", TEXT_reason_private_party},
        {"in_court", TEXT_reason_in_court},
        {"law_enforcement", TEXT_reason_law_enforcement},
        {"content_rule", TEXT_reason_content_rule},
    };
    for (size_t i = 0; i < array_len (rows); i++)
        if (strcmp (rows[i].word, word) == 0)
            printf ("      %s\n", text_of (rows[i].text));
}

void put_indented (const char *text)
{
    while (*text) {
        size_t line = strcspn (text, "\n");
        fputs ("      ", stdout);
        put_text (stdout, text, line);
        fputc ('\n', stdout);
        text += line + (text[line] == '\n');
    }
}

void put_event (const char *at, const char *kind, const char *agency)
{
    enum text_key what = event_text (kind);
    printf ("  %s  %s", at, what ? text_of (what) : kind);
    if (*agency)
        printf (" – %s", agency);
    fputc ('\n', stdout);
}

/* Of which clock a timer tells, how late it is, and when it is due. */
static void put_clock (const json_t *event)
{
    static const struct {
        const char *word;
        enum text_key text;
    } clocks[] = {
        {"verify", TEXT_clock_verify},     {"first", TEXT_clock_first},
        {"resolve", TEXT_clock_resolve},   {"silence", TEXT_clock_silence},
        {"complete", TEXT_clock_complete}, {"offer", TEXT_clock_offer},
    };
    const char *clock = json_text (event, "clock"), *due = json_text (event, "due");
    long long late = json_integer_value (json_object_get (event, "late"));
    for (size_t i = 0; i < array_len (clocks); i++)
        if (strcmp (clocks[i].word, clock) == 0)
            printf ("      %s", text_of (clocks[i].text));
    if (late)
        say (stdout, TEXT_clock_late, "days", count_text ((uint64_t) late), NULL);
    if (*due)
        say (stdout, TEXT_clock_due, "due", stamp_text (due), NULL);
    if (*clock)
        fputc ('\n', stdout);
}

static void put_due (const json_t *row, const char *key, enum text_key label)
{
    const char *stamp = json_text (row, key);
    if (*stamp)
        printf ("%s%s\n", text_of (label), stamp_text (stamp));
}

static void put_complaint (const json_t *row)
{
    const char *main = json_text (row, "main");
    json_t *event;
    size_t at;
    say (stdout, TEXT_track_head, "number", json_text (row, "number"), "status",
         status_said (json_text (row, "status")), "received",
         stamp_text (json_text (row, "received")), NULL);
    if (*main) {
        say (stdout, TEXT_track_main, "number", main, NULL);
        say (stdout, TEXT_track_main_status, "number", main, "status",
             status_said (json_text (row, "main_status")), "due",
             stamp_text (json_text (row, "main_due_resolve")), NULL);
    }
    if (*json_text (row, "holder")) {
        fputs (text_of (TEXT_track_holder), stdout);
        put_text (stdout, json_text (row, "holder_name"), strlen (json_text (row, "holder_name")));
        printf (" (%s)\n", json_text (row, "holder"));
    }
    if (!*main) { /* an alias is due when its main complaint is */
        put_due (row, "due_verify", TEXT_track_due_verify);
        put_due (row, "due_first", TEXT_track_due_first);
        put_due (row, "due_resolve", TEXT_track_due_resolve);
        if (json_is_true (json_object_get (row, "provisional")))
            printf ("%s\n", text_of (TEXT_track_provisional));
    }
    if (json_is_true (json_object_get (row, "secret")))
        say (stdout, TEXT_track_secret, NULL);
    json_array_foreach (json_object_get (row, "history"), at, event) {
        put_event (stamp_text (json_text (event, "at")), json_text (event, "kind"),
                   json_text (event, "agency"));
        put_clock (event);
        put_reason (json_text (event, "reason"));
        if (*json_text (event, "other"))
            put_indented (json_text (event, "other"));
        put_indented (json_text (event, "text"));
    }
}

int run_track (struct cli *cli)
{
    uint64_t bits;
    char number[NUMBER_LEN + 1];
    json_t *rows = NULL, *row;
    size_t at;
    if (cli->options.argument_count != 1)
        return complain (EX_USAGE, TEXT_track_which, NULL);
    const char *said = cli->options.arguments[0];
    if (number_parse (view_of (said), &bits) != 0)
        return complain (EX_USAGE, TEXT_track_wrong, "number", said, NULL);
    number_of_bits (bits, number);
    int status = cli_ask (cli, "track", &(const char *){number}, 1, &rows);
    if (status != 0)
        return status;
    if (cli->json) {
        put_json (rows);
    } else {
        json_array_foreach (rows, at, row)
            put_complaint (row);
    }
    if (json_array_size (rows) == 0)
        /* the same words for a number that nobody has and one that waits in a spool */
        status = cli->json ? EX_NOTHING
                           : complain (EX_NOTHING, TEXT_track_unknown, "number", number, NULL);
    json_decref (rows);
    return status;
}

/* ---- queue ----------------------------------------------------------------------------------- */

const struct option_row queue_options[] = {
    {"watch", 0, OPTION_VALUE, "SECONDS", TEXT_o_watch},
};
const size_t queue_options_len = array_len (queue_options);

static const char *const columns[] = {"ready", "delayed", "leased", "taken", "waiting", "parked"};

static json_int_t cell (const json_t *row, const char *key)
{
    return json_integer_value (json_object_get (row, key));
}

static void put_queue (const json_t *rows)
{
    json_t *row;
    size_t at;
    json_int_t sums[array_len (columns)] = {0};
    int width = 6;
    json_array_foreach (rows, at, row) {
        int len = (int) strlen (json_text (row, "agency"));
        width = len > width ? len : width;
    }
    printf ("%-*s %8s %8s %8s %8s %8s %8s  %s\n", width, text_of (TEXT_queue_agency),
            text_of (TEXT_queue_ready), text_of (TEXT_queue_delayed), text_of (TEXT_queue_leased),
            text_of (TEXT_queue_taken), text_of (TEXT_queue_waiting), text_of (TEXT_queue_parked),
            text_of (TEXT_queue_oldest));
    json_array_foreach (rows, at, row) {
        printf ("%-*s", width, json_text (row, "agency"));
        for (size_t i = 0; i < array_len (columns); i++) {
            printf (" %8s", count_text ((uint64_t) cell (row, columns[i])));
            sums[i] += cell (row, columns[i]);
        }
        const json_t *age = json_object_get (row, "oldest_ready_age_seconds");
        printf ("  %s\n", json_is_integer (age) ? span_text (json_integer_value (age)) : "-");
    }
    if (json_array_size (rows) < 2)
        return;
    printf ("%-*s", width, text_of (TEXT_queue_sum));
    for (size_t i = 0; i < array_len (columns); i++)
        printf (" %8s", count_text ((uint64_t) sums[i]));
    fputc ('\n', stdout);
}

/* The agency's row, and beneath it those of its units that have open work; without a code all. */
static int ask_queue (const struct cli *cli, const char *agency, json_t **ret)
{
    json_t *all, *row;
    size_t at, len = strlen (agency);
    int status = cli_ask (cli, "queue", &agency, 1, ret);
    if (status != 0 || len == 0 || json_array_size (*ret) == 0)
        return status;
    status = cli_ask (cli, "queue", &(const char *){""}, 1, &all);
    if (status != 0) {
        json_decref (*ret);
        return status;
    }
    json_array_foreach (all, at, row) {
        const char *code = json_text (row, "agency");
        if (strncmp (code, agency, len) == 0 && code[len] == '/')
            json_array_append (*ret, row);
    }
    json_decref (all);
    return 0;
}

static volatile sig_atomic_t stopping;

static void on_stop (int signal)
{
    (void) signal;
    stopping = 1;
}

int run_queue (struct cli *cli)
{
    int64_t every;
    json_t *rows;
    const char *agency = cli->options.argument_count ? cli->options.arguments[0] : "";
    int status = option_number (&cli->options, "watch", 1, 86400, 0, &every);
    if (status == 0 && cli->options.argument_count > 1)
        status = complain (EX_USAGE, TEXT_surplus, "argument", cli->options.arguments[1], NULL);
    if (status != 0)
        return status;
    if (every) {
        sigaction (SIGINT, &(struct sigaction){.sa_handler = on_stop}, NULL);
        sigaction (SIGTERM, &(struct sigaction){.sa_handler = on_stop}, NULL);
    }
    do {
        status = ask_queue (cli, agency, &rows);
        if (status == 0) {
            bool absent = json_array_size (rows) == 0 && *agency;
            if (every && !cli->json && isatty (STDOUT_FILENO))
                printf ("\033[H\033[2J%s\n", time_text ((uint64_t) wall_ms ()));
            if (cli->json)
                put_json (rows);
            else if (!absent)
                put_queue (rows);
            if (absent)
                status = complain (EX_NOTHING, TEXT_no_such_agency, "code", agency, NULL);
            json_decref (rows);
        }
        fflush (stdout);
        if (every && !stopping)
            nanosleep (&(struct timespec){.tv_sec = every}, NULL); /* a signal ends it early */
    } while (every && !stopping && status != EX_USAGE);
    return status;
}
