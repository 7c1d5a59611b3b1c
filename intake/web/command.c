/* command.c - the words by which a reporter steers what he gets.
 *
 *   HELP           a text
 *   TRACK          ASKING (web_status) -> how far the case is
 *   CODE           ASKING (whose cases) -> the access code, where the case is its sender's own
 *   STOP, START    ASKING (whose cases) and SAYING (report, to the notifier) -> done when all of it is heard
 */
#include "command.h"
#include <ctype.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "domain/number.h"
#include "spelling.h"

/* What may stand between LAPOR, or a number, and what is said: it is no part of that.  An emoji is. */
#define BETWEEN ":,.#!?;()/\"'*_~"
/* What somebody typed for a number is about as long as one. */
#define LIKE_LEAST 10
#define LIKE_MOST  18
_Static_assert(LIKE_MOST < COMMAND_SAID, "what was said has room");

static const struct {
    enum command_word word;
    const char *names[4];
} words[] = {
    {COMMAND_TRACK, {"LACAK", "STATUS", "CEK"}}, {COMMAND_CODE, {"KODE"}},
    {COMMAND_HELP, {"BANTUAN", "HELP", "INFO"}}, {COMMAND_STOP, {"BERHENTI", "STOP", "UNREG"}},
    {COMMAND_START, {"MULAI", "START"}},
};
static char *const report_words[] = {"LAPOR", NULL};
/* What stands before a number, or for one: "Cek laporan saya". */
static const char *const about_words[] = {"NOMOR",   "NOMER",     "NO",    "KODE",
                                          "LAPORAN", "PENGADUAN", "ADUAN", "PELAPORAN",
                                          "TIKET",   "SAYA",      "AKSES"};

/* ---- reading ----------------------------------------------------------------------------------- */

/* What is said, behind what stands between. */
static const char *said_behind (const char *text)
{
    static const char *const quotes[] = {"\u2018", "\u2019", "\u201c", "\u201d"};
    size_t len;

    do {
        len = gap_len (text);
        len += strspn (text + len, BETWEEN);
        for (size_t i = 0; len == 0 && i < array_len (quotes); i++)
            if (strncmp (text, quotes[i], strlen (quotes[i])) == 0)
                len = strlen (quotes[i]);
        text += len;
    } while (len);
    return text;
}

/* A tracking number with which a text begins, in one piece or in several between blanks and hyphens: the bytes of it, and
 * command->number; 0: there is none.  Pieces without a digit are words, but where only a number may stand. */
static size_t number_take (struct command *command, const char *text, bool only)
{
    char signs[ADUAN_NUMBER_SIZE];
    size_t len = 0, count = 0, gap = 0;
    unsigned pieces = 0;
    uint64_t bits;

    for (; count < sizeof signs - 1; pieces++) {
        gap = count ? gap_len (text + len) : 0;
        if ((count && !gap) || !word_fold (text + len + gap, signs + count, sizeof signs - count))
            return 0;
        len += gap + word_len (text + len + gap);
        count += strlen (signs + count);
    }
    if ((pieces > 1 && !only && !strpbrk (signs, "0123456789")) ||
        number_parse (view_of (signs), &bits) != 0)
        return 0;
    number_of_bits (bits, command->number);
    return len;
}

/* Was the word with which a text begins meant for a number?  Then it is what was said. */
static bool is_like_number (struct command *command, const char *text)
{
    size_t len = word_len (text), digits = 0;

    for (size_t i = 0; i < len; i++) {
        if (!isalnum ((unsigned char) text[i]))
            return false;
        digits += isdigit ((unsigned char) text[i]) != 0;
    }
    if (len < LIKE_LEAST || len > LIKE_MOST || digits == 0 || digits == len)
        return false;
    snprintf (command->said, sizeof command->said, "%.*s", (int) len, text);
    return true;
}

/* The first number among the words behind TRACK or CODE, or what was perhaps meant for one. */
static bool number_find (struct command *command, bool only)
{
    for (const char *at = word_first (command->rest); *at; at = word_next (at))
        if (number_take (command, at, only))
            return true;
    for (const char *at = word_first (command->rest); *at; at = word_next (at))
        if (is_like_number (command, at))
            return true;
    return false;
}

static bool is_about (const char *text)
{
    const char *behind;

    for (size_t i = 0; i < array_len (about_words); i++)
        if (words_begin (text, about_words[i], &behind))
            return true;
    return false;
}

/* LACAK means nothing else.  The other words of TRACK and CODE may begin what somebody tells ("Status jalan masih sama"), which must not be
 * lost: with a number, or what may be meant for one, a single word or a word about reports they are commands. */
static bool fits (struct command *command, const char *name)
{
    bool only = strcmp (name, "LACAK") == 0;

    if (!*command->rest)
        return true;
    if (command->word != COMMAND_TRACK && command->word != COMMAND_CODE)
        return false;
    if (!number_find (command, only) && !only && !is_about (command->rest) &&
        *word_next (command->rest))
        return false;
    command->wrong = !*command->number;
    return true;
}

/* A number alone asks how far its case is; with words behind it the words are for that case. */
static void read_rest (const char *text, struct command *command)
{
    const char *first = word_first (text);
    size_t len = number_take (command, first, false);

    command->word = utf8_blank (text, strlen (text)) ? COMMAND_HELP : COMMAND_NONE;
    command->rest = len ? said_behind (first + len) : text;
    if (len ? !*word_first (command->rest)
            : is_like_number (command, first) && !*word_next (first)) {
        command->word = COMMAND_TRACK;
        command->wrong = !len;
    }
}

struct command command_read (const char *text, char *const *prefixes)
{
    struct command command = {0};
    const char *behind;

    for (prefixes = prefixes ? prefixes : report_words; *prefixes; prefixes++)
        if (words_begin (text, *prefixes, &behind)) {
            command.rest = said_behind (behind);
            command.word = says_nothing (command.rest) ? COMMAND_HELP : COMMAND_REPORT;
            return command;
        }
    for (size_t i = 0; i < array_len (words); i++)
        for (const char *const *name = words[i].names; *name; name++) {
            if (!words_begin (text, *name, &behind))
                continue;
            command.word = words[i].word;
            command.rest = word_first (behind);
            if (fits (&command, *name))
                return command;
        }
    read_rest (text, &command);
    return command;
}

/* ---- doing ------------------------------------------------------------------------------------- */

/* A command under way; it lives until `then`. */
struct doing {
    struct message *message;
    char number[COMMAND_SAID];
    char code[ADUAN_CODE_SIZE];
    command_end_fn *then;
    void *with;
    unsigned waits; /* for answers, and reports that are not heard yet */
    bool failed;
    enum told wish; /* of STOP and START */
    bool said;      /* whose wish it is */
};

static struct doing *doing_new (struct message *message, command_end_fn *then, void *with)
{
    struct doing *doing = xcalloc (1, sizeof *doing);

    *doing = (struct doing){.message = message, .then = then, .with = with, .waits = 1};
    message->with = doing;
    return doing;
}

static void doing_end (struct doing *doing, const char *key)
{
    struct doing over = *doing;

    sodium_memzero (doing, sizeof *doing);
    free (doing);
    message_free (over.message);
    over.then (over.with, key, over.number, over.code);
    sodium_memzero (over.code, sizeof over.code);
}

/* One that is not stored yet is no different from one that is none. */
static void on_status (struct message *message, json_t *rows)
{
    struct doing *doing = message->with;
    const char *state = json_string_value (json_object_get (json_array_get (rows, 0), "status"));
    char key[32];

    if (!rows) {
        doing_end (doing, NULL);
        return;
    }
    snprintf (key, sizeof key, "auto_state_%.10s", state ? state : "unknown");
    doing_end (doing, key);
}

static void said_came (struct doing *doing)
{
    if (--doing->waits)
        return;
    doing_end (doing, doing->failed                 ? NULL
                      : doing->wish == TOLD_RESUMED ? "auto_started"
                                                    : "auto_stopped");
}

static void on_heard (void *with, bool heard)
{
    struct doing *doing = with;

    doing->failed = doing->failed || !heard;
    said_came (doing);
}

/* It is for his number or address, whoever named it, and for a case of his own, if one is known.  Of several reports the first says
 * whose wish it is, so that by mail it is confirmed once. */
static void wish_say (struct doing *doing, const struct notice_name *notice)
{
    const struct message *message = doing->message;
    const struct aduan_contact whose = {.kind = message->kind,
                                        .address = message->address,
                                        .language = ADUAN_LANGUAGE_ID,
                                        .message_id = message->message_id,
                                        .references = message->references};

    doing->waits++;
    report_wish (message->web->gateways, notice, message->channel, doing->wish,
                 message->address && !doing->said ? &whose : NULL, on_heard, doing);
    doing->said = true;
}

/* The newest of his cases stands for all of them: the store knows whose it is (note_reports.sql). */
static void on_cases (struct message *message, json_t *rows)
{
    struct doing *doing = message->with;
    const char *id = json_string_value (json_object_get (json_array_get (rows, 0), "id"));
    struct notice_name notice = {.event = 1};
    bool own = id && id_parse (id, &notice.id) == 0;

    doing->failed = doing->failed || !rows;
    if (rows && (own || (message->address && !doing->said)))
        wish_say (doing, &notice);
    said_came (doing);
}

void command_wish (struct message *message, enum command_word word, const struct notice_name *named,
                   command_end_fn *then, void *with)
{
    struct doing *doing = doing_new (message, then, with);

    doing->wish = word == COMMAND_START ? TOLD_RESUMED : TOLD_SKIPPED;
    if (named)
        wish_say (doing, named);
    if (message->has_sender)
        message_ask_sender (message, on_cases);
    else
        said_came (doing);
}

/* Of the case that he names, or the newest.  A stranger's, one that is none and one of a form are one answer.  One of his own that was made before
 * gateways gave codes has a code that nobody can know; it gets no other, for what he has said since under its hash may be on its way still. */
static void on_own (struct message *message, json_t *rows)
{
    struct doing *doing = message->with;
    const char *key = rows ? "auto_code_none" : NULL;

    for (size_t i = 0; i < json_array_size (rows); i++) {
        const json_t *row = json_array_get (rows, i);
        const char *number = json_string_value (json_object_get (row, "number"));
        if (number && (!*doing->number || strcmp (number, doing->number) == 0)) {
            snprintf (doing->number, sizeof doing->number, "%s", number);
            key = message_code (message, rows, row, doing->code) ? "auto_code" : "auto_code_old";
            break;
        }
    }
    doing_end (doing, key);
}

/* How far the case is (TRACK), or its access code (CODE). */
static void look (const struct command *command, struct message *message, command_end_fn *then,
                  void *with)
{
    struct doing *doing = doing_new (message, then, with);

    snprintf (doing->number, sizeof doing->number, "%s",
              command->wrong ? command->said : command->number);
    if (command->wrong)
        doing_end (doing, *command->said ? "auto_number_wrong" : "auto_number_none");
    else if (command->word == COMMAND_CODE)
        message_ask_sender (message, on_own);
    else if (*doing->number)
        message_ask (message, "web_status", json_pack ("[s]", doing->number), on_status);
    else
        doing_end (doing, "auto_number");
}

void command_do (const struct command *command, struct message *message, command_end_fn *then,
                 void *with)
{
    switch (command->word) {
    case COMMAND_TRACK:
    case COMMAND_CODE: look (command, message, then, with); break;
    case COMMAND_STOP:
    case COMMAND_START: command_wish (message, command->word, NULL, then, with); break;
    default: doing_end (doing_new (message, then, with), "auto_help"); break;
    }
}
