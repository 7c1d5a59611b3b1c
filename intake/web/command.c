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

/* What may stand between a word and what follows it. */
#define BETWEEN " \t\r\n:,.-#!?;()/\"'"
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

/* Does the text begin with the word, of any letter case?  Then *ret_rest is what stands behind it. */
static bool begins (const char *text, const char *word, const char **ret_rest)
{
    size_t len = strlen (word);

    if (strncasecmp (text, word, len) != 0 || (text[len] && !strchr (BETWEEN, text[len])))
        return false;
    *ret_rest = text + len + strspn (text + len, BETWEEN);
    return true;
}

/* The letters and digits with which a text begins. */
static size_t word_len (const char *text)
{
    size_t len = 0;

    while (isalnum ((unsigned char) text[len]))
        len++;
    return len;
}

/* Behind the word with which a text begins, and what stands between. */
static const char *word_next (const char *text)
{
    text += word_len (text);
    while (*text && !isalnum ((unsigned char) *text))
        text++;
    return text;
}

/* A tracking number with which a text begins, in one piece or in several between blanks and hyphens: the bytes of it, and
 * command->number; 0: there is none.  Pieces without a digit are words. */
static size_t number_take (struct command *command, const char *text)
{
    size_t len = 0, signs = 0;
    bool digit = false, pieces = false;
    uint64_t bits;

    for (; signs < ADUAN_NUMBER_SIZE - 1; len++) {
        if (isalnum ((unsigned char) text[len])) {
            digit = digit || isdigit ((unsigned char) text[len]);
            signs++;
        } else if (signs && (text[len] == ' ' || text[len] == '-'))
            pieces = true;
        else
            return 0;
    }
    if (isalnum ((unsigned char) text[len]) || (pieces && !digit) ||
        number_parse ((struct view){text, len}, &bits) != 0)
        return 0;
    number_of_bits (bits, command->number);
    return len;
}

/* Was the word with which a text begins meant for a number?  Then it is what was said. */
static bool is_like_number (struct command *command, const char *text)
{
    size_t len = word_len (text), digits = 0;

    for (size_t i = 0; i < len; i++)
        digits += isdigit ((unsigned char) text[i]) != 0;
    if (len < LIKE_LEAST || len > LIKE_MOST || digits == 0 || digits == len)
        return false;
    snprintf (command->said, sizeof command->said, "%.*s", (int) len, text);
    return true;
}

/* The first number among the words behind TRACK or CODE, or what was perhaps meant for one. */
static bool number_find (struct command *command)
{
    for (const char *at = command->rest; *at; at = word_next (at))
        if (number_take (command, at))
            return true;
    for (const char *at = command->rest; *at; at = word_next (at))
        if (is_like_number (command, at))
            return true;
    return false;
}

static bool is_about (const char *text)
{
    size_t len = word_len (text);

    for (size_t i = 0; i < array_len (about_words); i++)
        if (strlen (about_words[i]) == len && strncasecmp (text, about_words[i], len) == 0)
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
    if (!number_find (command) && !only && !is_about (command->rest) && *word_next (command->rest))
        return false;
    command->wrong = !*command->number;
    return true;
}

/* A number alone asks how far its case is; with words behind it the words are for that case. */
static void read_rest (const char *text, struct command *command)
{
    size_t len = number_take (command, text);

    command->word = utf8_blank (text, strlen (text)) ? COMMAND_HELP : COMMAND_NONE;
    command->rest = len ? text + len + strspn (text + len, BETWEEN) : text;
    if (len ? !*command->rest : is_like_number (command, text) && !*word_next (text)) {
        command->word = COMMAND_TRACK;
        command->wrong = !len;
    }
}

struct command command_read (const char *text, char *const *prefixes)
{
    struct command command = {0};

    text += strspn (text, " \t\r\n");
    for (prefixes = prefixes ? prefixes : report_words; *prefixes; prefixes++)
        if (begins (text, *prefixes, &command.rest)) {
            command.word =
                utf8_blank (command.rest, strlen (command.rest)) ? COMMAND_HELP : COMMAND_REPORT;
            return command;
        }
    for (size_t i = 0; i < array_len (words); i++)
        for (const char *const *name = words[i].names; *name; name++) {
            command.word = words[i].word;
            if (begins (text, *name, &command.rest) && fits (&command, *name))
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
    bool found; /* a case to say it of; the first of them brings the confirmation of a stop */
    void (*say) (struct doing *doing, const struct notice_name *notice); /* of STOP, START */
    const char *done, *none; /* keys: it was said of some case; there is none */
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
    doing_end (doing, doing->failed ? NULL : doing->found ? doing->done : doing->none);
}

static void on_heard (void *with, bool heard)
{
    struct doing *doing = with;

    doing->failed = doing->failed || !heard;
    said_came (doing);
}

static void stop_say (struct doing *doing, const struct notice_name *notice)
{
    const struct message *message = doing->message;
    bool mail = message->channel == ADUAN_CHANNEL_EMAIL && message->address;
    const struct aduan_contact contact = {.kind = message->kind,
                                          .address = message->address,
                                          .message_id = message->message_id,
                                          .references = message->references};

    doing->waits++;
    report_stop (message->web->gateways, notice, message->channel,
                 mail && !doing->found ? &contact : NULL, on_heard, doing);
    doing->found = true;
}

/* The newest of his cases stands for all of them: the store knows whose it is (note_reports.sql). */
static void on_cases (struct message *message, json_t *rows)
{
    struct doing *doing = message->with;
    const char *id = json_string_value (json_object_get (json_array_get (rows, 0), "id"));
    struct notice_name notice = {.event = 1};

    doing->failed = doing->failed || !rows;
    if (id && id_parse (id, &notice.id) == 0)
        doing->say (doing, &notice);
    said_came (doing);
}

/* Where his news go is the number that he writes from: the store has forgotten it. */
static void start_say (struct doing *doing, const struct notice_name *notice)
{
    const struct message *message = doing->message;
    const struct aduan_contact where = {
        .kind = message->kind, .address = message->address, .language = ADUAN_LANGUAGE_ID};

    doing->waits++;
    doing->found = true;
    report_resume (message->web->gateways, notice, message->channel, &where, on_heard, doing);
}

void command_stop (struct message *message, const struct notice_name *named, command_end_fn *then,
                   void *with)
{
    struct doing *doing = doing_new (message, then, with);

    doing->say = stop_say;
    doing->done = "auto_stopped";
    doing->none = "auto_stopped_none";
    if (named)
        stop_say (doing, named);
    if (message->has_sender)
        message_ask_sender (message, on_cases);
    else
        said_came (doing);
}

static void start (struct message *message, command_end_fn *then, void *with)
{
    struct doing *doing = doing_new (message, then, with);

    doing->say = start_say;
    doing->done = "auto_started";
    doing->none = "auto_start";
    if (message->has_sender && message->address)
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
    case COMMAND_STOP: command_stop (message, NULL, then, with); break;
    case COMMAND_START: start (message, then, with); break;
    default: doing_end (doing_new (message, then, with), "auto_help"); break;
    }
}
