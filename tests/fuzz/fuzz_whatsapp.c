/* A payload of Meta's: its messages and delivery states, as far as they are read before anybody is asked. */
#include "fuzz.h"
#include "channel/whatsapp.h"

#include <string.h>

static struct web web;
static unsigned messages, media;

static void on_message (void *owner, const json_t *value, const json_t *said)
{
    char file[WHATSAPP_MEDIA];
    struct message *message = whatsapp_message (&web, value, said, file);
    (void) owner;

    if (!message)
        return;
    messages++;
    media += *file != '\0';
    check (message->text.len && message->text.at[message->text.len - 1] == '\0');
    check (message->latitude >= -900000000 && message->latitude <= 900000000);
    check (message->longitude >= -1800000000 && message->longitude <= 1800000000);
    check (message->envelope.len && message->phone);
    message_free (message);
}

static void on_state (void *owner, const json_t *said)
{
    static const uint8_t key[REPLY_KEY_LEN];
    struct whatsapp_state state;
    (void) owner;

    if (whatsapp_state_read (said, key, &state))
        check (state.outcome && state.code <= INT32_MAX);
}

int LLVMFuzzerTestOneInput (const uint8_t *at, size_t len)
{
    json_t *payload = whatsapp_read ((struct view){(const char *) at, len});

    messages = media = 0;
    whatsapp_walk (payload, on_message, on_state, NULL);
    fuzz_planted (messages > 1 && media);
    json_decref (payload);
    return 0;
}
