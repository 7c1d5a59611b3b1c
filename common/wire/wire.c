/* wire.c - the codec: one encode and one decode, driven by the field table that messages.def
 * expands into.  Every limit of a single field is checked here and nowhere else. */
#include "wire/wire.h"
#include "base/fault.h"
#include "wire/pack.h"

#include <stdlib.h>
#include <string.h>

enum field_kind {
    KIND_OF_UUID,
    KIND_OF_SEQ,
    KIND_OF_INT,
    KIND_OF_ENUM,
    KIND_OF_TEXT,
    KIND_OF_LOOSE,
    KIND_OF_BYTES,
    KIND_OF_SEQS
};
enum field_rule { RULE_REQUIRED, RULE_OPTIONAL, RULE_RETIRED };

struct field {
    enum wire_type type;
    unsigned tag;
    enum field_kind kind;
    enum field_rule rule;
    uint64_t limit;
    size_t offset;
    const char *name;
};

static const struct field fields[] = {
#define ENUM(name)
#define VALUE(name, value, number, word, mean)
#define END_ENUM(name)
#define MESSAGE(msg, number, class, route, meaning)
#define FIELD(msg, tag, name, kind, rule, limit, meaning)                                          \
    {WIRE_##msg, tag, KIND_OF_##kind, RULE_##rule, limit, offsetof (struct msg_##msg, name), #name},
#define END(msg)
#include "wire/messages.def"
};

static const struct {
    const char *name;
    enum wire_class class;
    size_t size;
} messages[WIRE_LAST] = {
#define ENUM(name)
#define VALUE(name, value, number, word, mean)
#define END_ENUM(name)
#define MESSAGE(msg, number, class, route, meaning)                                                \
    [number] = {#msg, WIRE_CLASS_##class, sizeof (struct msg_##msg)},
#define FIELD(msg, tag, name, kind, rule, limit, meaning)
#define END(msg)
#include "wire/messages.def"
};

/* The same tag twice in one message would be an initialiser overridden, which -Wextra refuses. */
#define ENUM(name)
#define VALUE(name, value, number, word, mean)
#define END_ENUM(name)
#define MESSAGE(msg, number, class, route, meaning)                                                \
    __attribute__ ((unused)) static const char tags_of_##msg[32] = {0,
#define FIELD(msg, tag, name, kind, rule, limit, meaning) [tag] = 1,
#define END(msg)                                                                                   \
    }                                                                                              \
    ;
#include "wire/messages.def"

/* Words of the enums. */
#define ENUM(name)                             static const char *const name##_words[] = {
#define VALUE(name, value, number, word, mean) [number] = word,
#define END_ENUM(name)                                                                             \
    }                                                                                              \
    ;                                                                                              \
    const char *name##_word (uint32_t value)                                                       \
    {                                                                                              \
        bool known = value < array_len (name##_words) && name##_words[value];                      \
        return value == 0 ? "" : known ? name##_words[value] : "?";                                \
    }                                                                                              \
    uint32_t name##_of (const char *word)                                                          \
    {                                                                                              \
        for (uint32_t i = 1; i < array_len (name##_words); i++)                                    \
            if (strcmp (name##_word (i), word) == 0)                                               \
                return i;                                                                          \
        return 0;                                                                                  \
    }
#define MESSAGE(msg, number, class, route, meaning)
#define FIELD(msg, tag, name, kind, rule, limit, meaning)
#define END(msg)
#include "wire/messages.def"

/* Where each message's fields begin in the table, found once. */
static struct {
    uint16_t first, count;
    uint32_t required;  /* bit mask of tags */
    uint8_t of_tag[32]; /* 1 + index within the message; 0: no such tag */
} shape[WIRE_LAST];

__attribute__ ((constructor)) static void shape_messages (void)
{
    for (size_t i = 0; i < array_len (fields); i++) {
        enum wire_type type = fields[i].type;
        if (shape[type].count == 0)
            shape[type].first = (uint16_t) i;
        shape[type].of_tag[fields[i].tag] = (uint8_t) ++shape[type].count;
        if (fields[i].rule == RULE_REQUIRED)
            shape[type].required |= 1u << fields[i].tag;
    }
}

enum wire_class wire_class_of (enum wire_type type)
{
    return type < WIRE_LAST ? messages[type].class : WIRE_CLASS_CONTROL;
}

const char *wire_name (enum wire_type type)
{
    return type < WIRE_LAST && messages[type].name ? messages[type].name : "?";
}

/* ---- decode ------------------------------------------------------------------------------ */

static int fault_set (struct wire_fault *fault, enum reject reject, const char *field,
                      const char *text)
{
    fault->reject = reject;
    fault->field = field;
    fault->text = text;
    return FAIL_MALFORMED;
}

/* A text's limit is in code points, of which there are never more than bytes. */
static bool is_over (const struct field *field, struct view view)
{
    return view.len > field->limit &&
           (field->kind != KIND_OF_TEXT || utf8_count (view.at, view.len) > field->limit);
}

static int decode_span (const struct field *field, const msgpack_object *value, void *into,
                        struct wire_fault *fault)
{
    bool text = field->kind == KIND_OF_TEXT;
    struct view view;
    if (value->type == MSGPACK_OBJECT_STR && field->kind != KIND_OF_BYTES)
        view = (struct view){value->via.str.ptr, value->via.str.size};
    else if (value->type == MSGPACK_OBJECT_BIN && !text)
        view = (struct view){value->via.bin.ptr, value->via.bin.size};
    else
        return fault_set (fault, REJECT_MALFORMED, field->name, "wrong kind of value");
    if (text && !utf8_valid (view.at, view.len))
        return fault_set (fault, REJECT_MALFORMED, field->name, "not UTF-8, or holds NUL");
    if (is_over (field, view))
        return fault_set (fault, REJECT_TOO_LONG, field->name, "over its limit");
    memcpy (into, &view, sizeof view);
    return 0;
}

static int decode_list (const struct field *field, const msgpack_object *value, void *into,
                        struct wire_message *message, struct wire_fault *fault)
{
    if (value->type != MSGPACK_OBJECT_ARRAY)
        return fault_set (fault, REJECT_MALFORMED, field->name, "wrong kind of value");
    uint32_t count = value->via.array.size;
    if (count > field->limit)
        return fault_set (fault, REJECT_TOO_LONG, field->name, "over its limit");
    /* One block a list; the first word of each points to the block before it. */
    uint64_t *block = xcalloc (count + 1, sizeof *block);
    memcpy (block, &message->memory, sizeof message->memory);
    message->memory = block;
    for (uint32_t i = 0; i < count; i++) {
        const msgpack_object *item = &value->via.array.ptr[i];
        if (item->type != MSGPACK_OBJECT_POSITIVE_INTEGER)
            return fault_set (fault, REJECT_MALFORMED, field->name, "wrong kind of item");
        block[i + 1] = item->via.u64;
    }
    struct wire_list list = {block + 1, count};
    memcpy (into, &list, sizeof list);
    return 0;
}

static int decode_number (const struct field *field, const msgpack_object *value, void *into,
                          struct wire_fault *fault)
{
    bool positive = value->type == MSGPACK_OBJECT_POSITIVE_INTEGER;
    if (field->kind == KIND_OF_INT) {
        int64_t number = value->via.i64;
        if (!(positive && value->via.u64 <= INT64_MAX) &&
            value->type != MSGPACK_OBJECT_NEGATIVE_INTEGER)
            return fault_set (fault, REJECT_MALFORMED, field->name, "not a whole number");
        memcpy (into, &number, sizeof number);
        return 0;
    }
    if (!positive)
        return fault_set (fault, REJECT_MALFORMED, field->name, "not an unsigned number");
    if (field->kind == KIND_OF_SEQ) {
        if (value->via.u64 > INT64_MAX) /* PostgreSQL's bigint ends there */
            return fault_set (fault, REJECT_VALUE, field->name, "out of range");
        memcpy (into, &value->via.u64, sizeof value->via.u64);
        return 0;
    }
    if (value->via.u64 >= field->limit || value->via.u64 == 0)
        return fault_set (fault, REJECT_VALUE, field->name, "no such code");
    uint32_t code = (uint32_t) value->via.u64;
    memcpy (into, &code, sizeof code);
    return 0;
}

static int decode_field (const struct field *field, const msgpack_object *value,
                         struct wire_message *message, struct wire_fault *fault)
{
    void *into = (char *) &message->hello + field->offset;
    switch (field->kind) {
    case KIND_OF_UUID:
        if (value->type != MSGPACK_OBJECT_BIN || value->via.bin.size != sizeof (struct id))
            return fault_set (fault, REJECT_MALFORMED, field->name, "not 16 bytes");
        memcpy (into, value->via.bin.ptr, sizeof (struct id));
        return 0;
    case KIND_OF_SEQ:
    case KIND_OF_INT:
    case KIND_OF_ENUM: return decode_number (field, value, into, fault);
    case KIND_OF_TEXT:
    case KIND_OF_LOOSE:
    case KIND_OF_BYTES: return decode_span (field, value, into, fault);
    case KIND_OF_SEQS: return decode_list (field, value, into, message, fault);
    }
    return fault_set (fault, REJECT_MALFORMED, field->name, "wrong kind of value");
}

/* The ref of a message that will be refused, so that its sender can tell which it was. */
static void find_ref (const msgpack_object_map *map, enum wire_type type, struct wire_fault *fault)
{
    const struct field *first = &fields[shape[type].first];
    if (shape[type].count == 0 || strcmp (first->name, "ref") != 0)
        return;
    for (uint32_t i = 0; i < map->size; i++)
        if (map->ptr[i].key.type == MSGPACK_OBJECT_POSITIVE_INTEGER &&
            map->ptr[i].key.via.u64 == first->tag &&
            map->ptr[i].val.type == MSGPACK_OBJECT_POSITIVE_INTEGER &&
            map->ptr[i].val.via.u64 <= INT64_MAX) /* what no SEQ may be cannot be said back */
            fault->ref = map->ptr[i].val.via.u64;
}

static int decode_map (const msgpack_object_map *map, struct wire_message *message,
                       struct wire_fault *fault)
{
    enum wire_type type = message->type;
    uint32_t seen = 0;
    for (uint32_t i = 0; i < map->size; i++) {
        const msgpack_object *key = &map->ptr[i].key;
        if (key->type != MSGPACK_OBJECT_POSITIVE_INTEGER)
            return fault_set (fault, REJECT_MALFORMED, NULL, "a tag is not a number");
        if (key->via.u64 >= 32 || shape[type].of_tag[key->via.u64] == 0)
            continue; /* a newer peer's */
        const struct field *field =
            &fields[shape[type].first + shape[type].of_tag[key->via.u64] - 1];
        if (seen & 1u << field->tag)
            return fault_set (fault, REJECT_MALFORMED, field->name, "said twice");
        seen |= 1u << field->tag;
        if (field->rule != RULE_RETIRED &&
            decode_field (field, &map->ptr[i].val, message, fault) != 0)
            return FAIL_MALFORMED;
    }
    uint32_t missing = shape[type].required & ~seen;
    if (missing)
        return fault_set (
            fault, REJECT_MISSING,
            fields[shape[type].first + shape[type].of_tag[__builtin_ctz (missing)] - 1].name,
            "is required");
    return 0;
}

static int decode_object (const msgpack_object *whole, struct wire_message *message,
                          struct wire_fault *fault)
{
    const msgpack_object *items = whole->via.array.ptr;
    if (whole->type != MSGPACK_OBJECT_ARRAY || whole->via.array.size != 3 ||
        items[0].type != MSGPACK_OBJECT_POSITIVE_INTEGER ||
        items[1].type != MSGPACK_OBJECT_POSITIVE_INTEGER || items[2].type != MSGPACK_OBJECT_MAP)
        return fault_set (fault, REJECT_MALFORMED, NULL, "not [version, number, {tag: value}]");
    if (items[0].via.u64 != WIRE_PROTOCOL)
        return fault_set (fault, REJECT_MALFORMED, NULL, "another protocol version");
    if (items[1].via.u64 >= WIRE_LAST || !messages[items[1].via.u64].name)
        return fault_set (fault, REJECT_MALFORMED, NULL, "no such message");
    message->type = (enum wire_type) items[1].via.u64;
    fault->type = message->type;
    memset (&message->hello, 0, messages[message->type].size);
    if (decode_map (&items[2].via.map, message, fault) == 0)
        return 0;
    find_ref (&items[2].via.map, message->type, fault);
    return FAIL_MALFORMED;
}

int wire_decode (const void *at, size_t len, struct wire_message *ret, struct wire_fault *ret_fault)
{
    static _Thread_local msgpack_zone *zone; /* kept: its first chunk serves every message */
    *ret_fault = (struct wire_fault){0};
    ret->type = 0;
    ret->memory = NULL;
    if (!mutant (scan_off) && wire_scan (at, len) != 0)
        return fault_set (ret_fault, REJECT_MALFORMED, NULL, "not one whole msgpack item");
    if (!zone)
        zone = msgpack_zone_new (MSGPACK_ZONE_CHUNK_SIZE);
    check (zone);
    msgpack_object whole;
    size_t offset = 0;
    int result = FAIL_MALFORMED;
    if (msgpack_unpack (at, len, &offset, zone, &whole) == MSGPACK_UNPACK_SUCCESS && offset == len)
        result = decode_object (&whole, ret, ret_fault);
    else
        fault_set (ret_fault, REJECT_MALFORMED, NULL, "not one whole msgpack item");
    msgpack_zone_clear (zone);
    if (result != 0)
        wire_done (ret);
    return result;
}

void wire_done (struct wire_message *message)
{
    while (message->memory) {
        void *block = message->memory;
        memcpy (&message->memory, block, sizeof message->memory);
        free (block);
    }
    message->type = 0;
}

/* ---- encode ------------------------------------------------------------------------------ */

static void encode_span (struct buffer *out, const struct field *field, struct view view)
{
    bool text = field->kind == KIND_OF_TEXT;
    check (!text || utf8_valid (view.at, view.len));
    check (!is_over (field, view));
    if (text) {
        wire_pack_str (out, view.len);
        wire_pack_str_body (out, view.at, view.len);
    } else {
        wire_pack_bin (out, view.len);
        wire_pack_bin_body (out, view.at, view.len);
    }
}

static void encode_list (struct buffer *out, const struct field *field,
                         const struct wire_list *list)
{
    check (list->count <= field->limit);
    wire_pack_array (out, list->count);
    for (uint32_t i = 0; i < list->count; i++)
        wire_pack_uint64 (out, list->at[i]);
}

static bool is_absent (const struct field *field, const void *value)
{
    static const struct view no_view;
    static const struct wire_list no_list;
    static const struct id no_id;
    switch (field->kind) {
    case KIND_OF_UUID: return memcmp (value, &no_id, sizeof no_id) == 0;
    case KIND_OF_SEQ:
    case KIND_OF_INT: return *(const uint64_t *) value == 0;
    case KIND_OF_ENUM: return *(const uint32_t *) value == 0;
    case KIND_OF_TEXT:
    case KIND_OF_LOOSE:
    case KIND_OF_BYTES: return memcmp (value, &no_view, sizeof no_view) == 0;
    case KIND_OF_SEQS: return memcmp (value, &no_list, sizeof no_list) == 0;
    }
    return true;
}

static void encode_field (struct buffer *out, const struct field *field, const void *value)
{
    wire_pack_uint32 (out, field->tag);
    switch (field->kind) {
    case KIND_OF_UUID:
        wire_pack_bin (out, sizeof (struct id));
        wire_pack_bin_body (out, value, sizeof (struct id));
        break;
    case KIND_OF_SEQ:
        check (*(const uint64_t *) value <= INT64_MAX);
        wire_pack_uint64 (out, *(const uint64_t *) value);
        break;
    case KIND_OF_INT: wire_pack_int64 (out, *(const int64_t *) value); break;
    case KIND_OF_ENUM:
        check (*(const uint32_t *) value && *(const uint32_t *) value < field->limit);
        wire_pack_uint32 (out, *(const uint32_t *) value);
        break;
    case KIND_OF_TEXT:
    case KIND_OF_LOOSE:
    case KIND_OF_BYTES: encode_span (out, field, *(const struct view *) value); break;
    case KIND_OF_SEQS: encode_list (out, field, value); break;
    }
}

void wire_encode (enum wire_type type, const void *msg, struct buffer *out)
{
    check (type < WIRE_LAST && messages[type].name);
    const struct field *first = &fields[shape[type].first];
    const struct field *present[32];
    uint32_t count = 0;
    for (const struct field *field = first; field < first + shape[type].count; field++) {
        const void *value = (const char *) msg + field->offset;
        if (field->rule == RULE_REQUIRED ||
            (field->rule == RULE_OPTIONAL && !is_absent (field, value)))
            present[count++] = field;
    }
    wire_pack_array (out, 3);
    wire_pack_uint32 (out, WIRE_PROTOCOL);
    wire_pack_uint32 (out, type);
    wire_pack_map (out, count);
    for (uint32_t i = 0; i < count; i++)
        encode_field (out, present[i], (const char *) msg + present[i]->offset);
}

static int check_span (const struct field *field, struct view view, struct wire_fault *fault)
{
    bool text = field->kind == KIND_OF_TEXT;
    if (text && !utf8_valid (view.at, view.len))
        return fault_set (fault, REJECT_MALFORMED, field->name, "not UTF-8, or holds NUL");
    if (is_over (field, view))
        return fault_set (fault, REJECT_TOO_LONG, field->name, "over its limit");
    return 0;
}

static int check_field (const struct field *field, const void *value, struct wire_fault *fault)
{
    switch (field->kind) {
    case KIND_OF_SEQ:
        if (*(const uint64_t *) value > INT64_MAX)
            return fault_set (fault, REJECT_VALUE, field->name, "out of range");
        return 0;
    case KIND_OF_ENUM:
        if (*(const uint32_t *) value == 0)
            return fault_set (fault, REJECT_MISSING, field->name, "is required");
        if (*(const uint32_t *) value >= field->limit)
            return fault_set (fault, REJECT_VALUE, field->name, "no such code");
        return 0;
    case KIND_OF_TEXT:
    case KIND_OF_LOOSE:
    case KIND_OF_BYTES: return check_span (field, *(const struct view *) value, fault);
    case KIND_OF_SEQS:
        if (((const struct wire_list *) value)->count > field->limit)
            return fault_set (fault, REJECT_TOO_LONG, field->name, "over its limit");
        return 0;
    default: return 0;
    }
}

int wire_check (enum wire_type type, const void *msg, struct wire_fault *ret_fault)
{
    check (type < WIRE_LAST && messages[type].name);
    *ret_fault = (struct wire_fault){.type = type};
    const struct field *first = &fields[shape[type].first];
    for (const struct field *field = first; field < first + shape[type].count; field++) {
        const void *value = (const char *) msg + field->offset;
        bool said = field->rule == RULE_REQUIRED ||
                    (field->rule == RULE_OPTIONAL && !is_absent (field, value));
        if (said && check_field (field, value, ret_fault) != 0)
            return FAIL_MALFORMED;
    }
    return 0;
}
