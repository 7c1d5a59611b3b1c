/* wire.h - one codec for every message of messages.def.
 *
 * wire_encode() turns a struct msg_<name> into a frame, wire_decode() a frame into a struct; all
 * limits, UTF-8, enum ranges, required and doubled fields are checked there and nowhere else, so
 * that a handler never sees an invalid message.  A bounds scan over the raw bytes runs before
 * msgpack-c sees them: msgpack-c allocates what a length field claims (RELIABILITY 4.3).
 */
#ifndef ADUAN_WIRE_H
#define ADUAN_WIRE_H

#include "base/base.h"

#define WIRE_PROTOCOL  1       /* the first item of every frame */
#define WIRE_FRAME_MAX 1048576 /* bytes of a frame; ZMQ_MAXMSGSIZE on every socket */
#define WIRE_DEPTH_MAX 8
#define WIRE_COUNT_MAX 4096 /* items of all arrays and maps of a frame, in sum */

/* ms of `act.delay`, as messages.def says it. */
#define DELAY_LEAST     1000
#define EXTEND_MOST     86400000 /* a day */
#define EXTEND_STANDARD 60000
#define NACK_MOST       2592000000 /* 30 days */
#define NACK_STANDARD   300000

/* A decoded SEQS field; the numbers live as long as the message (wire_done). */
struct wire_list {
    const uint64_t *at;
    uint32_t count;
};

enum wire_class { WIRE_CLASS_CONTROL, WIRE_CLASS_ACTS, WIRE_CLASS_REST, WIRE_CLASSES };

/* enum kind { KIND_COMPLAINT = 1, ..., KIND_LAST }; 0 is "absent", _LAST is the limit. */
#define ENUM(name)                             enum name {
#define VALUE(name, value, number, word, mean) value = number,
#define END_ENUM(name)                                                                             \
    WIRE_END_##name                                                                                \
    }                                                                                              \
    ;
#define MESSAGE(msg, number, class, route, meaning)
#define FIELD(msg, tag, name, kind, rule, limit, meaning)
#define END(msg)
#include "wire/messages.def"

#define KIND_LAST       WIRE_END_kind
#define CHANNEL_LAST    WIRE_END_channel
#define CLASS_LAST      WIRE_END_class
#define FLAG_LAST       WIRE_END_flag
#define LANGUAGE_LAST   WIRE_END_language
#define PRIORITY_LAST   WIRE_END_priority
#define DOUBT_LAST      WIRE_END_doubt
#define ACT_LAST        WIRE_END_act
#define RESOLUTION_LAST WIRE_END_resolution
#define PART_LAST       WIRE_END_part
#define ENDING_LAST     WIRE_END_ending
#define HAND_BACK_LAST  WIRE_END_hand_back
#define VERDICT_LAST    WIRE_END_verdict
#define REASON_LAST     WIRE_END_reason
#define REJECT_LAST     WIRE_END_reject
#define BUSY_LAST       WIRE_END_busy
#define MODE_LAST       WIRE_END_mode
#define OUTCOME_LAST    WIRE_END_outcome
#define TOLD_LAST       WIRE_END_told
#define SNAPSHOT_LAST   WIRE_END_snapshot
#define REFUSAL_LAST    WIRE_END_refusal

/* The word of an enum's value, as `word` in messages.def ("" for 0, "?" beyond): kind_word (),
 * channel_word () ...; and back: kind_of ("reply"), 0 where no value has that word. */
#define ENUM(name)                                                                                 \
    const char *name##_word (uint32_t value);                                                      \
    uint32_t name##_of (const char *word);
#define VALUE(name, value, number, word, mean)
#define END_ENUM(name)
#define MESSAGE(msg, number, class, route, meaning)
#define FIELD(msg, tag, name, kind, rule, limit, meaning)
#define END(msg)
#include "wire/messages.def"

/* enum wire_type { WIRE_hello = 1, ... } */
enum wire_type {
#define ENUM(name)
#define VALUE(name, value, number, word, mean)
#define END_ENUM(name)
#define MESSAGE(msg, number, class, route, meaning) WIRE_##msg = number,
#define FIELD(msg, tag, name, kind, rule, limit, meaning)
#define END(msg)
#include "wire/messages.def"
    WIRE_LAST /* one more than the highest number */
};

/* struct msg_hello, struct msg_welcome, ...  `filler_` keeps messages without fields legal C. */
#define WIRE_C_UUID  struct id
#define WIRE_C_SEQ   uint64_t
#define WIRE_C_INT   int64_t
#define WIRE_C_ENUM  uint32_t
#define WIRE_C_TEXT  struct view
#define WIRE_C_LOOSE struct view
#define WIRE_C_BYTES struct view
#define WIRE_C_SEQS  struct wire_list
#define ENUM(name)
#define VALUE(name, value, number, word, mean)
#define END_ENUM(name)
#define MESSAGE(msg, number, class, route, meaning)                                                \
    struct msg_##msg {                                                                             \
        char filler_;
#define FIELD(msg, tag, name, kind, rule, limit, meaning) WIRE_C_##kind name;
#define END(msg)                                                                                   \
    }                                                                                              \
    ;
#include "wire/messages.def"

/* A decoded frame.  Views point into the frame's bytes, which must outlive it; lists live in the
 * message itself.  wire_done() ends it. */
struct wire_message {
    enum wire_type type;
    union {
#define ENUM(name)
#define VALUE(name, value, number, word, mean)
#define END_ENUM(name)
#define MESSAGE(msg, number, class, route, meaning) struct msg_##msg msg;
#define FIELD(msg, tag, name, kind, rule, limit, meaning)
#define END(msg)
#include "wire/messages.def"
    };
    void *memory; /* of the lists; owned */
};

/* Why a frame was refused, for the peer's answer and the log. */
struct wire_fault {
    enum reject reject;  /* MALFORMED, MISSING, TOO_LONG or VALUE */
    enum wire_type type; /* 0 where it could not be read */
    uint64_t ref;        /* the message's ref, where it has one and it could be read */
    const char *field;   /* static; NULL where none is at fault */
    const char *text;    /* static, English, for the log */
};

/* Decodes one frame.  0 and *ret (end it with wire_done), or FAIL_MALFORMED with *ret_fault set. */
int wire_decode (const void *at, size_t len, struct wire_message *ret,
                 struct wire_fault *ret_fault);
/* Frees what a decoded message owns; harmless twice. */
void wire_done (struct wire_message *message);

/* Appends the frame of `msg`, a struct msg_<type>, to `out`.  What is over a limit, out of range or
 * missing is our own bug and aborts: whoever fills a message from outside data checks first. */
void wire_encode (enum wire_type type, const void *msg, struct buffer *out);
/* The same checks without the abort, for messages filled from outside data: 0, or FAIL_MALFORMED with
 * *ret_fault set as wire_decode would set it. */
int wire_check (enum wire_type type, const void *msg, struct wire_fault *ret_fault);

/* The bounds scan alone: 0, or FAIL_MALFORMED.  Exactly one msgpack item, all bytes consumed. */
int wire_scan (const void *at, size_t len);

enum wire_class wire_class_of (enum wire_type type); /* CONTROL for numbers nobody has */
const char *wire_name (enum wire_type type);         /* "submit"; "?" for numbers nobody has */

/* Appends the tables of PROTOCOL.md. */
void wire_describe (struct buffer *out);

#endif
