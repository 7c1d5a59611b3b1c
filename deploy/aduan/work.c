/* work.c - `aduan work`: pull cases and act on them, by a person, a command, or one answer for all.
 *
 * A case is somebody's until its lease is over: while a person types, the lease is renewed; a command
 * that runs past it is ended.  Whatever leaves here early - interrupt, end of input - gives back what
 * it holds.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cli.h"
#include "wire/wire.h"

#define AGENCIES_MAX 64
#define BATCH        16
#define ACT_MS       30000
#define NACK_S       60
#define EXEC_OUT_MAX 1048576

extern char **environ;

const struct option_row work_options[] = {
    {"agency", 'a', OPTION_SEVERAL, "CODE", TEXT_o_agency},
    {"count", 'n', OPTION_VALUE, "N", TEXT_o_count},
    {"wait", 'w', OPTION_VALUE, "SECONDS", TEXT_o_wait_work},
    {"lease", 0, OPTION_VALUE, "SECONDS", TEXT_o_lease},
    {"exec", 'e', OPTION_VALUE, "COMMAND", TEXT_o_exec},
    {"answer", 0, OPTION_VALUE, "TEXT", TEXT_o_answer},
    {"forever", 0, OPTION_FLAG, NULL, TEXT_o_forever},
    {"as", 0, OPTION_VALUE, "NAME", TEXT_o_as_worker},
};
const size_t work_options_len = array_len (work_options);

struct work {
    struct cli *cli;
    struct aduan *aduan;
    uint32_t agencies[AGENCIES_MAX];
    const char *codes[AGENCIES_MAX];
    size_t agency_count;
    int64_t most, wait_s, lease_ms;
    const char *exec, *answer;
    bool forever, quit;
    int64_t done;
    int status;          /* the first fault */
    struct buffer typed; /* from standard input, not yet used */
    bool typed_over;     /* its end */
    struct buffer said;  /* by a command */
    int said_fd;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt (int signal)
{
    (void) signal;
    interrupted = 1;
}

/* What was typed before the end of input still counts. */
static bool leaving (const struct work *work)
{
    bool no_line = !work->typed.len || !memchr (work->typed.at, '\n', work->typed.len);
    return interrupted || work->quit || (work->typed_over && no_line);
}

static void note (struct work *work, int status)
{
    if (work->status == 0)
        work->status = status;
}

static const char *code_of (const struct work *work, uint32_t agency)
{
    for (size_t i = 0; i < work->agency_count; i++)
        if (work->agencies[i] == agency)
            return work->codes[i];
    return "";
}

/* ---- acts ------------------------------------------------------------------------------------ */

/* Acts and says what became of it; the assignment goes on with its new version.  True: done. */
static bool act_now (struct work *work, struct aduan_assignment *assignment, struct aduan_act *act)
{
    struct aduan_acted result;
    aduan_act (work->aduan, act, ACT_MS, &result);
    int status = act_report (work->cli, assignment->number, act, &result);
    if (status != 0)
        note (work, status);
    if (result.result == ADUAN_DONE)
        assignment->version = result.version;
    return result.result == ADUAN_DONE;
}

static void give_back (struct work *work, struct aduan_assignment *assignment)
{
    struct aduan_act act;
    aduan_act_on (assignment, &act);
    act.act = ADUAN_ACT_RELEASE;
    act_now (work, assignment, &act);
}

/* ---- one answer for all ---------------------------------------------------------------------- */

struct answering {
    struct work *work;
    struct aduan_act act;
    const char *number;
    unsigned *left;
};

static void on_answered (void *with, const struct aduan_acted *result)
{
    struct answering *answering = with;
    int status = act_report (answering->work->cli, answering->number, &answering->act, result);
    if (status != 0)
        note (answering->work, status);
    (*answering->left)--;
}

static void answer_all (struct work *work, struct aduan_assignment *list, size_t count)
{
    unsigned left = (unsigned) count;
    struct answering *answering = xcalloc (count, sizeof *answering);
    for (size_t i = 0; i < count; i++) {
        answering[i] = (struct answering){.work = work, .number = list[i].number, .left = &left};
        aduan_act_on (&list[i], &answering[i].act);
        answering[i].act.act = ADUAN_ACT_ANSWER;
        answering[i].act.text = work->answer;
        aduan_act_start (work->aduan, &answering[i].act, ACT_MS, on_answered, &answering[i]);
    }
    while (left)
        aduan_turn (work->aduan, -1);
    free (answering);
}

/* ---- a command ------------------------------------------------------------------------------- */

static json_t *assignment_json (const struct work *work, const struct aduan_assignment *assignment)
{
    struct id id;
    memcpy (id.at, assignment->id, sizeof id.at);
    json_t *out = json_pack (
        "{s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:s, s:I, s:s, s:I, s:I, s:b}", "number",
        assignment->number, "id", id_text (&id), "agency", code_of (work, assignment->agency),
        "agency_number", (json_int_t) assignment->agency, "version",
        (json_int_t) assignment->version, "attempt", (json_int_t) assignment->attempt, "priority",
        priority_word (assignment->priority), "class", class_word (assignment->complaint_class),
        "category", (json_int_t) assignment->category, "region", assignment->region, "received",
        (json_int_t) assignment->received, "lease_left_ms",
        (json_int_t) aduan_lease_left (assignment), "secret", assignment->secret);
    if (assignment->part)
        json_object_set_new (out, "part", json_string (part_word (assignment->part)));
    json_object_set_new (out, "location", json_string (assignment->location));
    json_object_set_new (out, "title", json_stringn (assignment->title, assignment->title_len));
    json_object_set_new (out, "text",
                         assignment->text ? json_stringn (assignment->text, assignment->text_len)
                                          : json_null ());
    if (assignment->attachments_len)
        json_object_set_new (out, "attachments",
                             digests_json (assignment->attachments, assignment->attachments_len));
    if (assignment->due_first)
        json_object_set_new (out, "due_first", json_integer ((json_int_t) assignment->due_first));
    if (assignment->due_resolve)
        json_object_set_new (out, "due_resolve",
                             json_integer ((json_int_t) assignment->due_resolve));
    json_object_set_new (out, "history", history_json (assignment));
    if (assignment->history_omitted)
        json_object_set_new (out, "history_omitted", json_integer (assignment->history_omitted));
    return out;
}

/* The case as a file in memory: a command that never reads cannot block us. */
static int case_file (const struct work *work, const struct aduan_assignment *assignment)
{
    json_t *out = assignment_json (work, assignment);
    char *text = json_dumps (out, JSON_COMPACT);
    int fd = memfd_create ("case", MFD_CLOEXEC);
    check (fd >= 0 && write (fd, text, strlen (text)) == (ssize_t) strlen (text));
    check (lseek (fd, 0, SEEK_SET) == 0);
    json_decref (out);
    free (text);
    return fd;
}

static int start_command (const char *command, int input, int output, pid_t *ret_pid)
{
    char shell[] = "/bin/sh", flag[] = "-c";
    char *const arguments[] = {shell, flag, (char *) (uintptr_t) command, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    sigemptyset (&defaults);
    sigaddset (&defaults, SIGPIPE);
    posix_spawn_file_actions_init (&actions);
    posix_spawn_file_actions_adddup2 (&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2 (&actions, output, STDOUT_FILENO);
    posix_spawnattr_init (&attributes);
    /* a group of its own: the whole of it is ended when the lease is over */
    posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigdefault (&attributes, &defaults);
    int error = posix_spawn (ret_pid, shell, &actions, &attributes, arguments, environ);
    posix_spawn_file_actions_destroy (&actions);
    posix_spawnattr_destroy (&attributes);
    return error;
}

static void on_said (void *with)
{
    struct work *work = with;
    ssize_t got = read (work->said_fd, buffer_room (&work->said, 65536), 65536);
    if (got > 0 && work->said.len + (size_t) got <= EXEC_OUT_MAX) {
        work->said.len += (size_t) got;
        return;
    }
    aduan_loop_watch (aduan_loop (work->aduan), work->said_fd, NULL, NULL);
    close (work->said_fd);
    work->said_fd = -1;
}

/* Waits for the command's end while the loop goes on; -1: it was ended because its time was over. */
static int command_status (struct work *work, const struct aduan_assignment *assignment, pid_t pid)
{
    int status = 0;
    while (work->said_fd >= 0 && aduan_lease_left (assignment) > 0)
        aduan_turn (work->aduan, aduan_lease_left (assignment));
    if (work->said_fd >= 0) {
        kill (-pid, SIGKILL);
        aduan_loop_watch (aduan_loop (work->aduan), work->said_fd, NULL, NULL);
        close (work->said_fd);
        work->said_fd = -1;
        waitpid (pid, &status, 0);
        return -1;
    }
    while (waitpid (pid, &status, WNOHANG) == 0 && aduan_lease_left (assignment) > 0)
        aduan_turn (work->aduan, 10); /* it closed its output and goes on */
    if (waitpid (pid, &status, WNOHANG) == 0) {
        kill (-pid, SIGKILL);
        waitpid (pid, &status, 0);
        return -1;
    }
    return WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
}

/* The command's act, or a NACK where it has none to say. */
static void act_as_said (struct work *work, struct aduan_assignment *assignment, int exit_status)
{
    struct aduan_act act;
    char number[12];
    json_t *said = exit_status == 0 && work->said.len
                       ? json_loadb (work->said.at, work->said.len, 0, NULL)
                       : NULL;
    snprintf (number, sizeof number, "%d", exit_status);
    aduan_act_on (assignment, &act);
    bool good = json_is_object (said) && act_fill (work->cli, said, &act) == 0;
    if (!good) {
        complain (0, TEXT_exec_failed, "number", assignment->number, "status", number, NULL);
        note (work, EX_DATAERR);
        aduan_act_on (assignment, &act);
        act.act = ADUAN_ACT_NACK;
        act.delay_ms = NACK_S * 1000;
    }
    act_now (work, assignment, &act);
    json_decref (said);
}

static void run_command (struct work *work, struct aduan_assignment *assignment)
{
    int pipes[2], input = case_file (work, assignment);
    pid_t pid;
    check (pipe2 (pipes, O_CLOEXEC) == 0);
    int error = start_command (work->exec, input, pipes[1], &pid);
    close (input);
    close (pipes[1]);
    if (error) {
        close (pipes[0]);
        note (work, complain (EX_UNAVAILABLE, TEXT_cannot_read, "path", work->exec, "why",
                              strerror (error), NULL));
        work->quit = true;
        give_back (work, assignment);
        return;
    }
    buffer_clear (&work->said);
    work->said_fd = pipes[0];
    aduan_loop_watch (aduan_loop (work->aduan), pipes[0], on_said, work);
    int status = command_status (work, assignment, pid);
    if (status >= 0) {
        act_as_said (work, assignment, status);
        return;
    }
    note (work, complain (EX_TEMPFAIL, TEXT_exec_late, "number", assignment->number, NULL));
}

/* ---- a person -------------------------------------------------------------------------------- */

static void on_typed (void *with)
{
    struct work *work = with;
    ssize_t got = read (STDIN_FILENO, buffer_room (&work->typed, 4096), 4096);
    if (got > 0) {
        work->typed.len += (size_t) got;
        return;
    }
    if (got < 0 && errno == EINTR)
        return;
    if (work->typed.len && work->typed.at[work->typed.len - 1] != '\n')
        buffer_add (&work->typed, "\n", 1);
    work->typed_over = true;
    aduan_loop_watch (aduan_loop (work->aduan), STDIN_FILENO, NULL, NULL);
}

/* Keeps the case while somebody thinks about it: renewed at two thirds of what is left to work. */
static bool still_ours (struct work *work, struct aduan_assignment *assignment, bool taken)
{
    struct aduan_act act;
    struct aduan_acted result;
    if (taken || aduan_lease_left (assignment) > work->lease_ms * 8 / 10 / 3)
        return true;
    aduan_act_on (assignment, &act);
    act.act = ADUAN_ACT_EXTEND;
    act.delay_ms = (uint32_t) work->lease_ms;
    aduan_act (work->aduan, &act, aduan_lease_left (assignment) + 1, &result);
    if (result.result == ADUAN_DONE) {
        assignment->version = result.version;
        assignment->stop_at = result.stop_at;
        return true;
    }
    if (result.result == ADUAN_STALE || aduan_lease_left (assignment) == 0) {
        note (work, complain (EX_NOTHING, TEXT_lease_lost, "number", assignment->number, NULL));
        return false;
    }
    return true; /* unknown: tried again at the next key */
}

/* A line that was typed, the caller's to free; NULL: no more, or the case is no longer ours. */
static char *line_typed (struct work *work, struct aduan_assignment *assignment, bool taken)
{
    for (;;) {
        char *end = work->typed.len ? memchr (work->typed.at, '\n', work->typed.len) : NULL;
        if (end) {
            size_t len = (size_t) (end - work->typed.at);
            char *line = xstrndup (work->typed.at, len);
            work->typed.len -= len + 1;
            memmove (work->typed.at, end + 1, work->typed.len);
            return line;
        }
        if (leaving (work) || !still_ours (work, assignment, taken))
            return NULL;
        aduan_turn (work->aduan, taken ? 1000 : work->lease_ms / 10);
    }
}

/* Lines up to one that is a dot; the caller frees it.  NULL as line_typed. */
static char *text_typed (struct work *work, struct aduan_assignment *assignment, bool taken)
{
    struct buffer text = {0};
    say (stdout, TEXT_work_text, NULL);
    fflush (stdout);
    for (;;) {
        char *line = line_typed (work, assignment, taken);
        if (!line) {
            buffer_free (&text);
            return NULL;
        }
        bool over = strcmp (line, ".") == 0;
        if (!over) {
            if (text.len)
                buffer_add (&text, "\n", 1);
            buffer_add (&text, line, strlen (line));
        }
        free (line);
        if (over)
            break;
    }
    buffer_add (&text, "", 1);
    return text.at;
}

static void put_case (const struct work *work, const struct aduan_assignment *assignment)
{
    char attempt[12];
    snprintf (attempt, sizeof attempt, "%u", assignment->attempt);
    say (stdout, TEXT_work_head, "number", assignment->number, "agency",
         code_of (work, assignment->agency), "priority", priority_word (assignment->priority),
         "received", time_text (assignment->received), "attempt", attempt, NULL);
    if (assignment->due_first)
        say (stdout, TEXT_work_due, "due", time_text (assignment->due_first), NULL);
    if (assignment->secret)
        say (stdout, TEXT_work_secret, NULL);
    if (assignment->part)
        say (stdout,
             assignment->part == ADUAN_PART_SUPPORT   ? TEXT_work_support
             : assignment->part == ADUAN_PART_ARBITER ? TEXT_work_arbiter
                                                      : TEXT_work_bound,
             NULL);
    if (*assignment->region || *assignment->location) {
        printf ("%s ", assignment->region);
        put_text (stdout, assignment->location, strlen (assignment->location));
        fputc ('\n', stdout);
    }
    fputc ('\n', stdout);
    put_text (stdout, assignment->title, assignment->title_len);
    fputs ("\n\n", stdout);
    if (assignment->text)
        put_text (stdout, assignment->text, assignment->text_len);
    fputs ("\n\n", stdout);
    files_put (assignment->attachments_len);
    history_put (assignment);
}

/* Nothing: an hour. */
static bool minutes_typed (const char *line, uint32_t *ret_ms)
{
    char *end = "", most[12];
    long minutes = *line ? strtol (line, &end, 10) : 60;
    *ret_ms = (uint32_t) minutes * 60000;
    if (!*end && minutes >= 1 && minutes <= ADUAN_NACK_MOST_MS / 60000)
        return true;
    snprintf (most, sizeof most, "%d", (int) (ADUAN_NACK_MOST_MS / 60000));
    complain (0, TEXT_minutes_wrong, "value", line, "most", most, NULL);
    return false;
}

static bool reason_typed (struct work *work, struct aduan_assignment *assignment, bool taken,
                          struct aduan_act *act)
{
    bool closes = act->act == ADUAN_ACT_CLOSE;
    uint32_t last = closes ? RESOLUTION_LAST : HAND_BACK_LAST;
    say (stdout, TEXT_work_reason, NULL);
    for (uint32_t i = 1; i < last; i++)
        printf ("  %u  %s\n", i, closes ? resolution_word (i) : hand_back_word (i));
    fflush (stdout);
    char *line = line_typed (work, assignment, taken);
    unsigned long reason = line ? strtoul (line, NULL, 10) : 0;
    free (line);
    act->reason = (uint32_t) reason;
    return reason >= 1 && reason < last;
}

/* A hand-back may name none. */
static bool agency_typed (struct work *work, struct aduan_assignment *assignment, bool taken,
                          struct aduan_act *act)
{
    bool may_lack = act->act == ADUAN_ACT_HAND_BACK;
    say (stdout, may_lack ? TEXT_work_suggested : TEXT_work_to, NULL);
    fflush (stdout);
    char *line = line_typed (work, assignment, taken);
    bool known =
        line && ((may_lack && !*line) || cli_agency (work->cli, line, &act->suggested) == 0);
    free (line);
    return known;
}

/* Shows what is like the case, and asks which one it goes on under, or is only like.  False: neither. */
static bool ask_other (struct work *work, struct aduan_assignment *assignment, bool taken,
                       struct aduan_act *act)
{
    size_t count;
    if (duplicates_list (work->cli, assignment->number, code_of (work, assignment->agency),
                         &count) != 0)
        return false;
    say (stdout, count ? TEXT_work_which_other : TEXT_work_no_other, NULL);
    fflush (stdout);
    char *line = line_typed (work, assignment, taken);
    bool known = line && *line && complaint_id (work->cli, line, act->other) == 0;
    free (line);
    if (!known)
        return false;
    say (stdout, TEXT_work_merge, NULL);
    fflush (stdout);
    line = line_typed (work, assignment, taken);
    act->act = line && *line == 'g' ? ADUAN_ACT_MERGE : line && *line == 'c' ? ADUAN_ACT_LINK : 0;
    free (line);
    return act->act != 0;
}

/* Asks for what an act needs besides.  False: not understood, or no more. */
static bool ask_for (struct work *work, struct aduan_assignment *assignment, bool taken,
                     struct aduan_act *act, char **ret_text)
{
    bool speaks =
        act->act != ADUAN_ACT_NACK && act->act != ADUAN_ACT_RELEASE && act->act != ADUAN_ACT_ACK;
    if (act->act == ADUAN_ACT_MERGE)
        return ask_other (work, assignment, taken, act);
    if (act->act == ADUAN_ACT_NACK) {
        say (stdout, TEXT_work_delay, NULL);
        fflush (stdout);
        char *line = line_typed (work, assignment, taken);
        bool known = line && minutes_typed (line, &act->delay_ms);
        free (line);
        return known;
    }
    if ((act->act == ADUAN_ACT_HAND_BACK || act->act == ADUAN_ACT_CLOSE) &&
        !reason_typed (work, assignment, taken, act))
        return false;
    if (act->act >= ADUAN_ACT_HAND_BACK && act->act <= ADUAN_ACT_SUPPORT &&
        !agency_typed (work, assignment, taken, act))
        return false;
    if (speaks)
        act->text = *ret_text = text_typed (work, assignment, taken);
    return !speaks || *ret_text;
}

static uint32_t act_of_letter (char letter)
{
    static const struct {
        char letter;
        uint32_t act;
    } letters[] = {
        {'a', ADUAN_ACT_ANSWER}, {'k', ADUAN_ACT_ASK},       {'p', ADUAN_ACT_PROGRESS},
        {'n', ADUAN_ACT_NACK},   {'h', ADUAN_ACT_HAND_BACK}, {'r', ADUAN_ACT_RELEASE},
        {'t', ADUAN_ACT_ACK},    {'d', ADUAN_ACT_ASSIGN},    {'s', ADUAN_ACT_SUPPORT},
        {'c', ADUAN_ACT_CLOSE},  {'g', ADUAN_ACT_MERGE},
    };
    for (size_t i = 0; i < array_len (letters); i++)
        if (letters[i].letter == letter)
            return letters[i].act;
    return 0;
}

static void work_by_hand (struct work *work, struct aduan_assignment *assignment)
{
    bool taken = false, over = false;
    put_case (work, assignment);
    while (!over && !leaving (work)) {
        struct aduan_act act;
        char *text = NULL;
        say (stdout, TEXT_work_prompt, NULL);
        fflush (stdout);
        char *line = line_typed (work, assignment, taken);
        char letter = 0;
        if (line)
            letter = *line;
        free (line);
        if (!line && !leaving (work))
            return; /* no longer ours */
        if (letter == 'q') {
            work->quit = true;
            break;
        }
        aduan_act_on (assignment, &act);
        act.act = act_of_letter (letter);
        if (act.act && ask_for (work, assignment, taken, &act, &text)) {
            bool done = act_now (work, assignment, &act);
            taken = taken || (done && act.act == ADUAN_ACT_ACK);
            over = act.act != ADUAN_ACT_ACK && act.act != ADUAN_ACT_PROGRESS &&
                   act.act != ADUAN_ACT_SUPPORT && act.act != ADUAN_ACT_LINK &&
                   (done || act.act != ADUAN_ACT_MERGE);
        }
        free (text);
    }
    if (!over && !taken)
        give_back (work, assignment);
}

/* ---- the round ------------------------------------------------------------------------------- */

static void work_on (struct work *work, struct aduan_assignment *list, size_t count)
{
    if (work->answer) {
        answer_all (work, list, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (leaving (work)) {
            give_back (work, &list[i]);
        } else if (work->exec) {
            run_command (work, &list[i]);
        } else if (work->cli->json) {
            json_t *out = assignment_json (work, &list[i]);
            put_json (out);
            json_decref (out);
        } else {
            work_by_hand (work, &list[i]);
        }
    }
}

static uint32_t next_count (const struct work *work)
{
    int64_t most = work->most ? work->most - work->done : BATCH;
    bool one_by_one =
        !work->answer && !work->cli->json; /* the others' leases would run meanwhile */
    return one_by_one ? 1 : (uint32_t) (most < BATCH ? most : BATCH);
}

/* One pull; false: that was all. */
static bool round_of (struct work *work)
{
    struct aduan_assignment *list;
    struct aduan_pulled result;
    int64_t wait_ms = work->wait_s * 1000 < 60000 ? work->wait_s * 1000 : 60000;
    struct aduan_pull pull = {
        .agencies = work->agencies,
        .agency_count = work->agency_count,
        .count = next_count (work),
        .wait_ms = (uint32_t) wait_ms,
        .lease_ms = (uint32_t) work->lease_ms,
    };
    aduan_pull (work->aduan, &pull, wait_ms + 15000, &list, &result);
    if (result.count)
        work_on (work, list, result.count);
    work->done += result.count;
    aduan_assignments_free (&list, result.count);
    if (result.result == ADUAN_DONE)
        return !leaving (work) && (work->forever || result.count) &&
               !(work->most && work->done >= work->most);
    if (result.result == ADUAN_REFUSED) {
        char *why = reason_said (result.reason, result.refusal);
        note (work, complain (EX_NOPERM, TEXT_pull_refused, "why", why, NULL));
        free (why);
    } else if (!work->forever)
        note (work, complain (EX_UNAVAILABLE, TEXT_unsent, "where", cli_text (work->cli, "router"),
                              NULL));
    return work->forever && result.result != ADUAN_REFUSED && !leaving (work);
}

static int read_work (struct work *work)
{
    const struct options *options = &work->cli->options;
    const char *code;
    bool by_hand = !option (options, "exec") && !option (options, "answer") && !work->cli->json;
    work->exec = option (options, "exec");
    work->answer = option (options, "answer");
    work->forever = option_flag (options, "forever") == FLAG_YES;
    if (options->argument_count || (work->exec && work->answer))
        return complain (EX_USAGE, TEXT_work_which, NULL);
    int status = option_number (options, "count", 1, 1000000000, by_hand || work->forever ? 0 : 1,
                                &work->most);
    if (status == 0)
        status = option_number (options, "wait", 0, 60, by_hand ? 30 : 0, &work->wait_s);
    if (status == 0)
        status = option_number (options, "lease", 1, 3600, by_hand ? 600 : 60, &work->lease_ms);
    work->lease_ms *= 1000;
    for (size_t i = 0; status == 0 && (code = option_at (options, "agency", i)) != NULL; i++) {
        if (i == AGENCIES_MAX)
            return complain (EX_USAGE, TEXT_work_which, NULL);
        work->codes[i] = code;
        status = cli_agency (work->cli, code, &work->agencies[i]);
        work->agency_count = i + 1;
    }
    if (status == 0 && work->agency_count == 0)
        status = complain (EX_USAGE, TEXT_agency_missing, NULL);
    return status;
}

int run_work (struct cli *cli)
{
    struct work work = {.cli = cli, .said_fd = -1};
    int status = read_work (&work);
    if (status == 0)
        status = cli_open (cli, SIDE_ROUTER, NULL, &work.aduan);
    if (status != 0)
        return status;
    sigaction (SIGINT, &(struct sigaction){.sa_handler = on_interrupt}, NULL);
    sigaction (SIGTERM, &(struct sigaction){.sa_handler = on_interrupt}, NULL);
    if (!work.exec && !work.answer && !cli->json)
        aduan_loop_watch (aduan_loop (work.aduan), STDIN_FILENO, on_typed, &work);
    while (round_of (&work))
        ;
    aduan_close (&work.aduan);
    buffer_free (&work.typed);
    buffer_free (&work.said);
    if (work.status == 0 && work.done == 0)
        work.status = cli->json ? EX_NOTHING : complain (EX_NOTHING, TEXT_work_nothing, NULL);
    return work.status;
}
