/* whatsapp.h - what a payload of Meta's says: channel/whatsapp.c acts on it. */
#ifndef ADUAN_WHATSAPP_H
#define ADUAN_WHATSAPP_H

#include "../gateway.h"

#define WHATSAPP_ACCOUNT "whatsapp"
#define WHATSAPP_MEDIA   64 /* Meta's id of a file, and NUL */

/* The payload, the caller's; NULL: it is no JSON, or too much of it. */
json_t *whatsapp_read (struct view body);
/* Calls for every message and delivery state, in the order in which they came.  `value` is what a message stands in. */
typedef void whatsapp_message_fn (void *owner, const json_t *value, const json_t *said);
typedef void whatsapp_state_fn (void *owner, const json_t *said);
void whatsapp_walk (const json_t *payload, whatsapp_message_fn *message, whatsapp_state_fn *state,
                    void *owner);

/* What somebody says, with who he is; its text ends with NUL, which counts.  NULL: it is nobody's word - a reaction, a note of
 * Meta's own.  *ret_media: the file that is to be fetched, "": none. */
struct message *whatsapp_message (struct web *web, const json_t *value, const json_t *said,
                                  char ret_media[WHATSAPP_MEDIA]);

/* Is its file a film, as Meta says: a video, or a document that is one?  As a document telephones send it whole. */
bool whatsapp_may_be_film (const json_t *said);

struct whatsapp_state {
    struct notice_name notice;
    uint32_t outcome; /* TOLD_DELIVERED, TOLD_REFUSED */
    uint64_t code;    /* Meta's; 0: none */
};
/* False: it is of no notice of ours, or no state that counts. */
bool whatsapp_state_read (const json_t *said, const uint8_t *reply_key, struct whatsapp_state *ret);

#endif
