/* command.c - the words by which a reporter steers what he gets.
 *
 *   HELP, START           a text
 *   TRACK   ASKING (web_status) -> how far the case is
 *   STOP    ASKING (whose cases) and SAYING (report, to the notifier) -> done when all of it is heard
 */
#include "command.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "domain/number.h"

/* What may stand between a word and what follows it. */
#define BETWEEN " \t\r\n:,.-#!"

static const struct {
    enum command_word word;
    const char *names[4];
} words[] = {
    {COMMAND_TRACK, {"LACAK", "STATUS", "CEK"}},
    {COMMAND_HELP, {"BANTUAN", "HELP", "INFO"}},
    {COMMAND_STOP, {"BERHENTI", "STOP", "UNREG"}},
    {COMMAND_START, {"MULAI", "START"}},
};
static char *const report_words[] = {"LAPOR", NULL};

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

/* A tracking number of which the first `len` bytes are one. */
static bool number_take (struct command *command, const char *text, size_t len)
{
    uint64_t bits;

    if (number_parse ((struct view){text, len}, &bits) != 0)
        return false;
    number_of_bits (bits, command->number);
    return true;
}

/* TRACK alone asks how, and with anything but a number it is no command: "Status jalan masih sama". */
static bool fits (struct command *command)
{
    if (!*command->rest)
        return true;
    return command->word == COMMAND_TRACK &&
           number_take (command, command->rest, strlen (command->rest));
}

struct command command_read (const char *text, char *const *prefixes)
{
    struct command command = {0};
    size_t len;

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
            if (begins (text, *name, &command.rest) && fits (&command))
                return command;
        }
    command.word = utf8_blank (text, strlen (text)) ? COMMAND_HELP : COMMAND_NONE;
    len = strcspn (text, " \t\r\n:,.");
    command.rest =
        number_take (&command, text, len) ? text + len + strspn (text + len, " \t\r\n:,.") : text;
    return command;
}

/* ---- doing ------------------------------------------------------------------------------------- */

/* A command under way; it lives until `then`. */
struct doing {
    struct message *message;
    char number[ADUAN_NUMBER_SIZE];
    command_end_fn *then;
    void *with;
    unsigned waits; /* for answers, and reports that are not heard yet */
    bool failed;
    bool found; /* a case to stop; the first of them brings the confirmation */
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

    free (doing);
    message_free (over.message);
    over.then (over.with, key, over.number);
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

static void stop_came (struct doing *doing)
{
    if (--doing->waits)
        return;
    doing_end (doing, doing->failed ? NULL : doing->found ? "auto_stopped" : "auto_stopped_none");
}

static void on_stopped (void *with, bool heard)
{
    struct doing *doing = with;

    doing->failed = doing->failed || !heard;
    stop_came (doing);
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
                 mail && !doing->found ? &contact : NULL, on_stopped, doing);
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
        stop_say (doing, &notice);
    stop_came (doing);
}

void command_stop (struct message *message, const struct notice_name *named, command_end_fn *then,
                   void *with)
{
    struct doing *doing = doing_new (message, then, with);

    if (named)
        stop_say (doing, named);
    if (message->has_sender)
        message_ask_sender (message, on_cases);
    else
        stop_came (doing);
}

static void track (const struct command *command, struct message *message, command_end_fn *then,
                   void *with)
{
    struct doing *doing = doing_new (message, then, with);

    memcpy (doing->number, command->number, sizeof doing->number);
    if (*doing->number)
        message_ask (message, "web_status", json_pack ("[s]", doing->number), on_status);
    else
        doing_end (doing, "auto_number");
}

void command_do (const struct command *command, struct message *message, command_end_fn *then,
                 void *with)
{
    switch (command->word) {
    case COMMAND_TRACK: track (command, message, then, with); break;
    case COMMAND_STOP: command_stop (message, NULL, then, with); break;
    case COMMAND_START: doing_end (doing_new (message, then, with), "auto_start"); break;
    default: doing_end (doing_new (message, then, with), "auto_help"); break;
    }
}
