/* cli.h - the command `aduan`: one row of a table a command, everything through libaduan.
 *
 * Files: main.c (the table, help, completion), options.c (what was said on the command line), text.c
 * (words for people, by key), settings.c (where everybody is, opening handles), output.c (times,
 * tables, JSON), then a file a command.  import.c stands on record.c (CSV and JSONL), mapping.c (from
 * a record to a submission), progress.c and position.c (where it got to).
 *
 * What a program reads goes to standard output, what a person needs to know besides to standard
 * error.  Exit status: sysexits.h as enum below; `aduan help exit` prints it.
 */
#ifndef ADUAN_CLI_H
#define ADUAN_CLI_H

#include <jansson.h>
#include <stdio.h>
#include <sysexits.h>
#include "base/base.h"
#include "client/aduan.h"
#include "daemon/settings.h"

#define EX_NOTHING 1 /* beside sysexits: nothing is there, or nothing happened */

/* ---- text.c ---------------------------------------------------------------------------------- */

enum text_key {
    TEXT_none,
#define TEXT(key, id, en) TEXT_##key,
#include "cli_text.def"
#undef TEXT
    TEXTS
};
enum { LANGUAGE_OF_ID, LANGUAGE_OF_EN };

/* `word`: "id", "en", or a locale as en_GB.UTF-8; everything else is Indonesian. */
void text_language (const char *word);
uint32_t text_language_now (void); /* enum language of the wire */
const char *text_of (enum text_key text);
/* Writes the text with each {name} replaced by the value that follows the name; ends with NULL. */
__attribute__ ((sentinel)) void say (FILE *to, enum text_key text, ...);
/* The same on standard error behind "aduan: ", a newline at the end; returns `status`. */
__attribute__ ((sentinel)) int complain (int status, enum text_key text, ...);

/* ---- options.c ------------------------------------------------------------------------------- */

enum option_kind {
    OPTION_FLAG,   /* --name, --name=yes, --name=no */
    OPTION_VALUE,  /* --name VALUE; the last one counts */
    OPTION_SEVERAL /* --name VALUE, as often as wanted */
};

struct option_row {
    const char *name;
    char letter; /* 0: none */
    enum option_kind kind;
    const char *value; /* what stands for the value in the help */
    enum text_key help;
};

struct option_said {
    const struct option_row *row;
    const char *value;
};

struct options {
    struct option_said *said;
    size_t count;
    char **arguments; /* what is no option */
    size_t argument_count;
};

/* Reads argv against `rows` and the rows that all commands have.  0, or EX_USAGE after a complaint. */
int options_read (struct options *options, const struct option_row *rows, size_t row_count,
                  int argc, char **argv);
void options_free (struct options *options);
const char *option (const struct options *options, const char *name); /* NULL: not said */
/* enum flag of the wire: 0 not said, 1 no, 2 yes. */
uint32_t option_flag (const struct options *options, const char *name);
/* The value said `at`-th, NULL behind the last. */
const char *option_at (const struct options *options, const char *name, size_t at);
/* A whole number between the two; `standard` where it is not said.  0, or EX_USAGE. */
int option_number (const struct options *options, const char *name, int64_t least, int64_t most,
                   int64_t standard, int64_t *ret);
extern const struct option_row common_options[];
extern const size_t common_options_len;

/* ---- main.c ---------------------------------------------------------------------------------- */

struct cli {
    const struct command *command;
    struct options options;
    struct settings *settings;
    char *settings_path; /* NULL: none was found, defaults */
    bool json;
};

struct command {
    const char *name;
    const char *usage; /* behind the name */
    enum text_key summary, more;
    const struct option_row *rows;
    size_t row_count;
    int (*run) (struct cli *cli);
    bool raw; /* passes its arguments on unread */
};

extern const struct command commands[];
extern const size_t commands_len;
void help_command (const struct command *command, FILE *to);

/* ---- settings.c ------------------------------------------------------------------------------ */

/* Finds and reads the settings.  0, or EX_CONFIG. */
int cli_settings (struct cli *cli);
const char *cli_text (const struct cli *cli, const char *key);

enum cli_side {
    SIDE_INTAKE = 1,
    SIDE_ROUTER = 2,
    SIDE_QUERY = 4,
    SIDE_FRONT = 8 /* the router, for a person */
};
/* Opens a handle on these sides, with the key of the adapter, worker or front that --as or the settings
 * name.  0, or an exit status after a complaint. */
int cli_open (const struct cli *cli, unsigned sides, struct aduan_loop *loop, struct aduan **ret);
/* Asks aduan-query; *ret is an array.  0, or an exit status after a complaint. */
int cli_ask (const struct cli *cli, const char *query, const char *const *arguments, size_t count,
             json_t **ret);
/* The same for the person whose session it is (ADUAN_SESSION_SIZE bytes): a query desk_*. */
int cli_ask_as (const struct cli *cli, const uint8_t *session, const char *query,
                const char *const *arguments, size_t count, json_t **ret);
/* session.c: the token of who has logged in here.  0; EX_NOPERM after a complaint where nobody has. */
int cli_session (const struct cli *cli, uint8_t ret[ADUAN_SESSION_SIZE]);
/* Gives an order in his name; *ret_result is the caller's where 0 is returned.  The arguments are wiped as far as they are ours.
 * 0, or an exit status after a complaint. */
int cli_order (const struct cli *cli, const char *name, json_t *arguments, const uint8_t *session,
               json_t **ret_result);
/* Where the token lies (the caller frees it); puts one there; takes it away. */
char *session_path (const struct cli *cli);
int session_keep (const struct cli *cli, const char *token);
void session_forget (const struct cli *cli);
/* An agency's number by its code (or "#12" as it stands).  0, EX_NOTHING, or as cli_ask. */
int cli_agency (const struct cli *cli, const char *code, uint32_t *ret);
/* The exit status of a result. */
int cli_status (enum aduan_result result);
/* The deadline: --wait in seconds, else `standard_s`. */
int cli_wait (const struct cli *cli, int64_t standard_s, int64_t *ret_ms);

/* ---- output.c -------------------------------------------------------------------------------- */

void put_json (const json_t *value); /* one line on standard output */
/* Local time of ms since 1970, to the second.  Eight buffers in turn, as id_text. */
const char *time_text (uint64_t ms);
/* PostgreSQL's JSON form of a time, as people read it. */
const char *stamp_text (const char *stamp);
/* "3 d 4 h", "12 min", "7 s" */
const char *span_text (int64_t seconds);
/* A number with the language's thousands separator. */
const char *count_text (uint64_t count);
const char *decimal_text (double value);
/* To the fourth decimal.  Sixteen buffers in turn. */
const char *fine_text (double value);
/* "0.930", in Indonesian "0,930". */
const char *permille_text (uint32_t permille);
/* Text of somebody else fit for a terminal: control characters but tab and newline left out. */
void put_text (FILE *to, const char *at, size_t len);
/* A text value of an object; "" where it is not there. */
const char *json_text (const json_t *object, const char *key);
/* Reads a file, or standard input for "-", whole; at most 1 MiB.  0 or EX_NOINPUT after a complaint. */
int input_read (const char *path, char **ret_at, size_t *ret_len);

/* ---- submit.c -------------------------------------------------------------------------------- */

#define TITLE_MOST 200 /* code points, intake's limits */
#define TEXT_MOST  10000

struct finding {
    const char *field;      /* static */
    uint64_t length, limit; /* of a field over its limit, else 0 */
};

/* What intake would reject, as far as that can be known here: 0, or an enum aduan_reject.  What it
 * alone knows - rights, keys used before - is not looked at. */
uint32_t submission_check (const struct aduan_submission *said, struct finding *ret);

/* ---- the commands ---------------------------------------------------------------------------- */

int run_submit (struct cli *cli);
int run_import (struct cli *cli);
int run_track (struct cli *cli);
int run_duplicates (struct cli *cli);
int run_queue (struct cli *cli);
int run_work (struct cli *cli);
int run_act (struct cli *cli);
int run_admin (struct cli *cli);
int run_webhook (struct cli *cli);
int run_report (struct cli *cli);
int run_notice (struct cli *cli);
int run_export (struct cli *cli);
int run_deadline (struct cli *cli);
int run_calendar (struct cli *cli);
int run_ask (struct cli *cli);
int run_show (struct cli *cli);
int run_spool (struct cli *cli);
int run_audit (struct cli *cli);
int run_identity (struct cli *cli);
int run_keygen (struct cli *cli);
int run_conformance (struct cli *cli);
int run_completion (struct cli *cli);
int run_help (struct cli *cli);

extern const struct option_row submit_options[], import_options[], queue_options[], work_options[],
    act_options[], report_options[], export_options[], keygen_options[], duplicates_options[],
    deadline_options[], admin_options[], notice_options[], conformance_options[];
extern const size_t submit_options_len, import_options_len, queue_options_len, work_options_len,
    act_options_len, report_options_len, export_options_len, keygen_options_len,
    duplicates_options_len, deadline_options_len, admin_options_len, notice_options_len,
    conformance_options_len;

/* remedy.c: complains that an order was refused: the argument at fault, its value unless that is secret, why, and
 * what would be right. */
void remedy_say (int status, const char *order, const json_t *arguments,
                 const struct aduan_ordered *ordered);
/* admin.c: what it can do, with the arguments; and the words alone. */
void help_admin (FILE *to);
void complete_admin (FILE *to);
/* track.c: an event of a case as people read it, in one line, and what was said then beneath it. */
void put_event (const char *at, const char *kind, const char *agency);
void put_indented (const char *text);

/* history.c: what was said on a case since it came, oldest first. */
json_t *history_json (const struct aduan_assignment *assignment);
/* Under the case's text: of each entry time, what and who, its words, and how many files came with it. */
void history_put (const struct aduan_assignment *assignment);
/* Digests of files as a list of hexadecimal digits; for a person how many there are, where there are any. */
json_t *digests_json (const void *attachments, size_t len);
void files_put (size_t attachments_len);
const char *status_said (const char *word); /* a status as people read it */
/* duplicates.c: what is like a complaint, within an agency and those below it; *ret: how many.  0, or an
 * exit status after a complaint. */
int duplicates_list (const struct cli *cli, const char *number, const char *agency, size_t *ret);
/* A complaint's id by its tracking number or id.  0, or an exit status after a complaint. */
int complaint_id (const struct cli *cli, const char *said, uint8_t ret[16]);
/* act.c: fills `act` from JSON {"act", "text", "delay", "reason", "suggested", "class", "other"} or
 * complains.  0, EX_DATAERR, or as cli_ask. */
int act_fill (const struct cli *cli, const json_t *said, struct aduan_act *act);
/* Why an act or a pull came to nothing: the word of the protocol, and what it means in the reader's language.
 * The caller frees it. */
char *reason_said (uint32_t reason, uint32_t refusal);
/* Says what became of it; returns the exit status. */
int act_report (const struct cli *cli, const char *number, const struct aduan_act *act,
                const struct aduan_acted *result);

#endif
