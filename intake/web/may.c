/* may.c - what a case takes from its reporter now. */
#include "may.h"
#include <string.h>
#include "client/aduan.h"
#include "message.h"
#include "repeat.h"

/* As `may` of a row, and as its history, call a word of the reporter's. */
static const struct word_name {
    uint32_t kind;
    const char *may, *event;
} word_names[] = {
    {ADUAN_KIND_REPLY, "reply", "reply"},       {ADUAN_KIND_COMPLETION, "complete", "completion"},
    {ADUAN_KIND_RATING, "rate", "rating"},      {ADUAN_KIND_WITHDRAWAL, "withdraw", "withdrawal"},
    {ADUAN_KIND_CLOSING, "close", "closing"},   {ADUAN_KIND_REOPENING, "reopen", "reopening"},
    {ADUAN_KIND_CONSENT, "consent", "consent"}, {ADUAN_KIND_FLAGS, "flags", "flags"},
};

static bool same_words (const char *one, const char *other)
{
    struct buffer a = {0}, b = {0};

    words_normal (view_of (one), &a);
    words_normal (view_of (other), &b);
    bool same = a.len == b.len && (a.len == 0 || memcmp (a.at, b.at, a.len) == 0);
    buffer_free (&a);
    buffer_free (&b);
    return same;
}

static bool same_flag (const json_t *event, const char *name, uint32_t said)
{
    return json_is_true (json_object_get (event, name)) == (said == ADUAN_FLAG_YES);
}

/* What an oversight case keeps secret it keeps so, whatever its reporter says. */
static bool same_choice (const json_t *row, const json_t *event, const struct word *word)
{
    if (word->kind == ADUAN_KIND_CONSENT)
        return same_flag (event, "consent", word->consent);
    if (word->kind != ADUAN_KIND_FLAGS)
        return true;
    bool kept = json_is_true (json_object_get (row, "oversight"));
    return same_flag (event, "anonymous", word->anonymous) &&
           (kept || same_flag (event, "secret", word->secret));
}

/* Words that a router has yet to read are nobody's to see: such an event is taken for the one that is meant. */
static bool is_that (const json_t *row, const json_t *event, const char *name,
                     const struct word *word)
{
    const char *kind = json_string_value (json_object_get (event, "kind"));
    const char *said = json_string_value (json_object_get (event, "text"));

    return json_is_true (json_object_get (event, "mine")) && kind && strcmp (kind, name) == 0 &&
           json_integer_value (json_object_get (event, "rating")) == (json_int_t) word->rating &&
           same_choice (row, event, word) && (!said || same_words (said, word->text));
}

bool case_takes (const json_t *row, const struct word *word)
{
    const struct word_name *name = word_names;
    const json_t *event;
    size_t at;

    while (name->kind != word->kind) {
        name++;
        check (name < word_names + array_len (word_names));
    }
    if (row_may (row, name->may))
        return true;
    json_array_foreach (json_object_get (row, "history"), at, event)
        if (is_that (row, event, name->event, word))
            return true;
    return false;
}
