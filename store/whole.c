/* whole.c - acts on a complaint as a whole: what is said of it, or ends it, without giving it to anybody; and the
 * split, which makes a second one.  Each is one statement, by itself; act.c carries them as all acts. */
#include "array.h"
#include "domain/lifecycle.h"
#include "domain/number.h"
#include "domain/personal.h"
#include "store.h"

#include <sodium.h>
#include <string.h>

bool whole_is (const struct msg_act *act)
{
    switch (act->act) {
    case ACT_ACK: return act->class != 0; /* the class is the complaint's */
    case ACT_VERIFY:
    case ACT_TAKE_ON:
    case ACT_CORRECT:
    case ACT_ARCHIVE:
    case ACT_CHASE:
    case ACT_DRAFT:
    case ACT_APPROVE:
    case ACT_SEND_BACK:
    case ACT_BLOCK:
    case ACT_TAKE_OVER:
    case ACT_NOTE:
    case ACT_PUBLISH:
    case ACT_UNPUBLISH: return true;
    default: return false;
    }
}

enum reason whole_missing (const struct msg_act *act, const char **ret_field)
{
    if ((act->act == ACT_ARCHIVE || act->act == ACT_BLOCK) && !act->ending)
        return REASON_ENDING;
    bool loosens = act->anonymous == FLAG_NO || act->secret == FLAG_NO;
    bool judges = act->act == ACT_APPROVE || act->act == ACT_SEND_BACK;
    bool sets = act->act == ACT_VERIFY || act->act == ACT_CORRECT;
    /* of a split they are needed, of a correction what is there says something */
    bool needs = act->act == ACT_SPLIT;
    *ret_field = (needs || act->body.len) && !act_said (act->body).len     ? "body"
                 : (needs || act->title.len) && !act_said (act->title).len ? "title"
                 : judges && (!act->event || act->event > INT16_MAX)       ? "event"
                 : sets && loosens ? act->secret == FLAG_NO ? "secret" : "anonymous"
                 : act->act == ACT_DRAFT && act->drafted && act->drafted != ACT_PROGRESS &&
                         act->drafted != ACT_ANSWER
                     ? "drafted"
                 : (sets || act->act == ACT_SPLIT) && act->category > INT32_MAX ? "category"
                                                                                : NULL;
    return *ret_field ? REASON_VALUE : 0;
}

static uint64_t fitting (uint64_t number)
{
    return number <= INT32_MAX ? number : 0;
}

static struct db_value optional (uint8_t room[8], uint64_t number)
{
    return number ? value_int2 (room, (int64_t) number) : (struct db_value){0};
}

/* Absent is null. */
static struct db_value said (struct view view)
{
    return view.len ? value_view (view) : (struct db_value){0};
}

static struct db_value text_of (const struct msg_act *act)
{
    return said (act_said (act->text));
}

/* Are words that it brings, and that the public may come to read, held from it?  A draft's are those of the answer. */
static bool holds (const struct msg_act *act)
{
    switch (act->act) {
    case ACT_VERIFY:
    case ACT_CORRECT:
    case ACT_SPLIT: return personal_find (act->title) != 0 || personal_find (act->body) != 0;
    case ACT_DRAFT: return personal_find (act->text) != 0;
    case ACT_UNPUBLISH: return true;
    default: return false;
    }
}

static int64_t flags_of (const struct msg_act *act)
{
    return (holds (act) ? FLAG_BIT_HELD : 0) |
           (act->anonymous == FLAG_YES ? FLAG_BIT_ANONYMOUS : 0) |
           (act->secret == FLAG_YES ? FLAG_BIT_SECRET : 0);
}

/* The step's number, which is its event's kind: 10 + act for all that go this way. */
static int64_t step_kind (uint32_t act)
{
    return 10 + (int64_t) act;
}

void whole_add (struct db_unit *unit, const struct store *store, uint64_t principal,
                const struct msg_act *act)
{
    static const char yes = 1, no = 0;
    uint8_t who[8], agency[8], version[8], complaint[8], kind[8], class[8], category[8], flags[8],
        ending[8], draft[8], becomes[8], base[8], lease[8];
    struct db_value values[] = {
        value_int4 (who, (int64_t) fitting (principal)),
        said (act->session),
        value_id (&act->id),
        value_int4 (agency, (int64_t) fitting (act->agency)),
        value_int8 (version, (int64_t) act->version),
        value_int8 (complaint, (int64_t) act->complaint),
        value_id (&act->key),
        value_int4 (kind, step_kind (act->act)),
        text_of (act),
        optional (class, act->class),
        value_int4 (category, (int64_t) fitting (act->category)),
        said (act->region),
        said (act->title),
        said (act->body),
        value_int2 (flags, flags_of (act)),
        value_int4 (ending, act->ending),
        value_int4 (draft, (int64_t) fitting (act->event)),
        value_int4 (becomes, step_kind (act->drafted ? act->drafted : ACT_ANSWER)),
        said (act->attachments),
        value_int8 (base, store->version_base),
        {mutant (version_ignored) ? &yes : &no, 1, true},
        value_int8 (lease, (int64_t) act_delay (act)),
    };
    db_add (unit, SQL_act_on_complaint, values, array_len (values));
}

/* 48 bits of now, and a hash of the complaint and the act's key, so that a second try makes the same one. */
static struct id part_id (const struct msg_act *act)
{
    struct id part;
    uint8_t from[32], hash[16];
    uint64_t now = (uint64_t) wall_ms ();
    memcpy (from, act->id.at, 16);
    memcpy (from + 16, act->key.at, 16);
    crypto_generichash (hash, sizeof hash, from, sizeof from, NULL, 0);
    for (unsigned i = 0; i < 6; i++)
        part.at[i] = (uint8_t) (now >> (40 - 8 * i));
    memcpy (part.at + 6, hash, 10);
    return part;
}

void whole_add_split (struct db_unit *unit, const struct store *store, uint64_t principal,
                      const struct msg_act *act)
{
    static const char yes = 1, no = 0;
    uint8_t who[8], agency[8], version[8], complaint[8], named[8], class[8], category[8], number[8],
        base[8], held[8];
    struct id part = part_id (act);
    struct db_value values[] = {
        value_int4 (who, (int64_t) fitting (principal)),
        said (act->session),
        value_id (&act->id),
        value_int4 (agency, (int64_t) fitting (act->agency)),
        value_int8 (version, (int64_t) act->version),
        value_int8 (complaint, (int64_t) act->complaint),
        value_id (&act->key),
        text_of (act),
        value_int4 (named, (int64_t) fitting (act->suggested)),
        said (act->title),
        said (act->body),
        optional (class, act->class),
        value_int4 (category, (int64_t) fitting (act->category)),
        said (act->region),
        value_id (&part),
        value_int8 (number, (int64_t) number_bits (&part)),
        value_int8 (base, store->version_base),
        {mutant (version_ignored) ? &yes : &no, 1, true},
        value_int2 (held, holds (act) ? FLAG_BIT_HELD : 0),
    };
    db_add (unit, SQL_act_split, values, array_len (values));
}
