/* mapping.c - what was said about fields, applied to one record after the other. */
#include "mapping.h"
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include "cli.h"
#include "wire/wire.h"

static const char *const target_names[TARGETS] = {
#define TARGET(name, meaning) #name,
#include "target.def"
#undef TARGET
};

struct category {
    char *word; /* lower case */
    uint32_t number;
    UT_hash_handle hh;
};

struct mapping {
    char **sources[TARGETS]; /* NULL-terminated; NULL: the source of the same name */
    char *constants[TARGETS];
    struct category *categories;
    uint64_t unknown;
    mapping_source_fn *fill; /* NULL: `sources` */
    void *source;
    bool words_only;
    crypto_generichash_state said;
};

struct mapping *mapping_new (void)
{
    struct mapping *mapping = xcalloc (1, sizeof *mapping);
    check (sodium_init () >= 0);
    crypto_generichash_init (&mapping->said, NULL, 0, 16);
    mapping->constants[TARGET_channel] = xstrdup ("import");
    mapping->constants[TARGET_priority] = xstrdup ("bulk");
    return mapping;
}

static void sources_free (char ***sources)
{
    for (char **source = *sources; source && *source; source++)
        free (*source);
    free (*sources);
    *sources = NULL;
}

void mapping_free (struct mapping **held)
{
    struct mapping *mapping = *held;
    if (!mapping)
        return;
    for (size_t i = 0; i < TARGETS; i++) {
        sources_free (&mapping->sources[i]);
        free (mapping->constants[i]);
    }
    struct category *category, *next;
    HASH_ITER (hh, mapping->categories, category, next) {
        HASH_DEL (mapping->categories, category);
        free (category->word);
        free (category);
    }
    free (mapping);
    *held = NULL;
}

void mapping_digest (const struct mapping *mapping, uint8_t ret[16])
{
    crypto_generichash_state said = mapping->said;
    crypto_generichash_final (&said, ret, 16);
}

static void note (struct mapping *mapping, const char *what, const char *text)
{
    crypto_generichash_update (&mapping->said, (const uint8_t *) what, strlen (what) + 1);
    crypto_generichash_update (&mapping->said, (const uint8_t *) text, strlen (text) + 1);
}

/* ---- what was said --------------------------------------------------------------------------- */

static int target_of (const char *name)
{
    for (int i = 0; i < TARGETS; i++)
        if (strcmp (target_names[i], name) == 0)
            return i;
    return -1;
}

static char **split_sources (const char *text)
{
    size_t count = 0;
    char **sources = xcalloc (strlen (text) + 2, sizeof *sources);
    while (*text) {
        size_t len = strcspn (text, "+");
        if (len)
            sources[count++] = xstrndup (text, len);
        text += len + (text[len] == '+');
    }
    return sources;
}

char *mapping_fields (void)
{
    struct buffer text = {0};
    for (size_t i = 0; i < TARGETS; i++)
        buffer_format (&text, "%s%s", i ? ", " : "", target_names[i]);
    return text.at;
}

int mapping_say (struct mapping *mapping, const char *pairs, bool constant, char **ret_problem)
{
    int result = 0;
    note (mapping, constant ? "set" : "map", pairs);
    while (*pairs && result == 0) {
        size_t len = strcspn (pairs, ",");
        char *pair = xstrndup (pairs, len), *equals = strchr (pair, '=');
        pairs += len + (pairs[len] == ',');
        if (equals)
            *equals = 0;
        int target = equals ? target_of (pair) : -1;
        if (target < 0 || (!constant && !equals[1])) {
            if (equals)
                *equals = '=';
            *ret_problem = xstrdup (pair);
            result = FAIL_MALFORMED;
        } else if (constant) {
            free (mapping->constants[target]);
            mapping->constants[target] = xstrdup (equals + 1);
            sources_free (&mapping->sources[target]);
            mapping->sources[target] = xcalloc (1, sizeof (char *)); /* none */
        } else {
            sources_free (&mapping->sources[target]);
            mapping->sources[target] = split_sources (equals + 1);
        }
        free (pair);
    }
    return result;
}

static char *lower (const char *text)
{
    char *copy = xstrdup (text);
    for (char *at = copy; *at; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char) (*at - 'A' + 'a');
    return copy;
}

/* "word<TAB>number" or "word=number"; # begins a comment line. */
static bool read_category (struct mapping *mapping, char *line)
{
    char *end, *split = strrchr (line, '\t');
    if (!split)
        split = strrchr (line, '=');
    if (!split)
        return false;
    *split = 0;
    unsigned long number = strtoul (split + 1, &end, 10);
    if (end == split + 1 || *end || number > INT32_MAX)
        return false;
    size_t len = strlen (line);
    while (len && (line[len - 1] == ' ' || line[len - 1] == '\t'))
        line[--len] = 0;
    struct category *category = xcalloc (1, sizeof *category);
    category->word = lower (line);
    category->number = (uint32_t) number;
    struct category *old;
    HASH_REPLACE_STR (mapping->categories, word, category, old);
    if (old) {
        free (old->word);
        free (old);
    }
    return true;
}

int mapping_categories (struct mapping *mapping, const char *path, char **ret_problem)
{
    char *text, *save = NULL;
    size_t len;
    unsigned number = 0;
    if (file_read (path, 1 << 20, &text, &len) != 0) {
        *ret_problem = xformat ("%s: %s", path, strerror (errno));
        return FAIL_ABSENT;
    }
    note (mapping, "categories", text);
    int result = 0;
    for (char *line = strtok_r (text, "\n", &save); line && result == 0;
         line = strtok_r (NULL, "\n", &save)) {
        size_t end = strlen (line);
        number++;
        if (end && line[end - 1] == '\r')
            line[end - 1] = 0;
        if (*line == '#' || !*line || read_category (mapping, line))
            continue;
        *ret_problem = xformat ("%s: \"%s\" (%u)", path, log_text (line, strlen (line)), number);
        result = FAIL_MALFORMED;
    }
    free (text);
    return result;
}

void mapping_source (struct mapping *mapping, mapping_source_fn *fill, void *source,
                     const char *said)
{
    note (mapping, "source", said);
    mapping->fill = fill;
    mapping->source = source;
}

void mapping_words_only (struct mapping *mapping)
{
    mapping->words_only = true;
}

const char *mapping_lacks (const struct mapping *mapping, const struct reader *reader)
{
    for (size_t i = 0; i < TARGETS; i++)
        for (char **source = mapping->sources[i]; source && *source; source++)
            if (!reader_has (reader, *source))
                return *source;
    return NULL;
}

uint64_t mapping_unknown (const struct mapping *mapping)
{
    return mapping->unknown;
}

/* ---- a record -------------------------------------------------------------------------------- */

void draft_free (struct draft *draft)
{
    for (size_t i = 0; i < TARGETS; i++) {
        if (draft->texts[i].at)
            sodium_memzero (draft->texts[i].at, draft->texts[i].room);
        buffer_free (&draft->texts[i]);
    }
}

/* By a source of its own; what it leaves open is as --set says. */
static uint32_t fill_texts (struct mapping *mapping, struct record *record, struct draft *draft,
                            const char **ret_field)
{
    for (unsigned i = 0; i < TARGETS; i++)
        buffer_clear (&draft->texts[i]);
    uint32_t fault = mapping->fill (mapping->source, record, draft->texts, ret_field, &draft->why);
    for (unsigned i = 0; i < TARGETS; i++) {
        struct buffer *text = &draft->texts[i];
        if (text->len <= 1 && mapping->constants[i]) {
            buffer_clear (text);
            buffer_add (text, mapping->constants[i], strlen (mapping->constants[i]) + 1);
        } else if (!text->len)
            buffer_add (text, "", 1);
    }
    return fault;
}

/* The bytes of a target into its text, a NUL behind them.  False where a list or an object stands in a
 * place that was named, or that cannot be spared; in one of our names by chance it is nobody's. */
static bool gather (struct mapping *mapping, struct record *record, enum target target,
                    struct draft *draft)
{
    struct buffer *text = &draft->texts[target];
    char *const own[] = {(char *) (uintptr_t) target_names[target], NULL};
    /* a number is what other systems call `id` and `date` */
    char key[] = "id", created[] = "date";
    char *const common[] = {target == TARGET_key ? key : created, NULL};
    char *const *source = mapping->sources[target] ? mapping->sources[target] : own;
    const char *between = target == TARGET_text ? "\n\n" : ", ";
    struct view value;
    bool plain = true, named = mapping->sources[target] != NULL;
    buffer_clear (text);
    for (; *source; source++) {
        plain = plain && ((!named && target != TARGET_text) || record_is_plain (record, *source));
        if (!record_value (record, *source, &value))
            continue;
        if (text->len)
            buffer_add (text, between, strlen (between));
        buffer_add (text, value.at, value.len);
    }
    if (!text->len && !named && (target == TARGET_key || target == TARGET_created) &&
        record_value (record, common[0], &value))
        buffer_add (text, value.at, value.len);
    if (!text->len && mapping->constants[target])
        buffer_add (text, mapping->constants[target], strlen (mapping->constants[target]));
    buffer_add (text, "", 1);
    return plain;
}

/* Fields that PostgreSQL holds as text: made well-formed, as intake does with title and text. */
static const char *clean (struct draft *draft, enum target target)
{
    struct buffer out = {0};
    struct buffer *text = &draft->texts[target];
    utf8_clean (text->at, text->len - 1, &out);
    buffer_add (&out, "", 1);
    sodium_memzero (text->at, text->len); /* it may be an identity's */
    buffer_free (text);
    *text = out;
    return text->at;
}

static uint32_t wrong (struct draft *draft, enum target target, const char *why,
                       const char **ret_field)
{
    *ret_field = target_names[target];
    draft->why = why;
    return REJECT_VALUE;
}

static uint32_t word (struct draft *draft, enum target target, uint32_t (*of) (const char *),
                      uint32_t *ret, const char **ret_field)
{
    const char *text = draft->texts[target].at;
    *ret = *text ? of (text) : 0;
    if (*ret || !*text)
        return 0;
    return wrong (draft, target, "none of this field's words", ret_field);
}

static uint32_t flag (struct draft *draft, enum target target, uint32_t *ret,
                      const char **ret_field)
{
    static const struct {
        const char *word;
        uint32_t flag;
    } words[] = {{"yes", FLAG_YES},  {"no", FLAG_NO},    {"ya", FLAG_YES}, {"tidak", FLAG_NO},
                 {"true", FLAG_YES}, {"false", FLAG_NO}, {"1", FLAG_YES},  {"0", FLAG_NO},
                 {"y", FLAG_YES},    {"n", FLAG_NO},     {"t", FLAG_NO}};
    char *text = lower (draft->texts[target].at);
    *ret = 0;
    for (size_t i = 0; i < array_len (words); i++)
        if (strcmp (words[i].word, text) == 0)
            *ret = words[i].flag;
    bool known = *ret || !*text;
    free (text);
    if (known)
        return 0;
    return wrong (draft, target, "neither yes nor no", ret_field);
}

static uint32_t degrees (struct draft *draft, enum target target, double most, int64_t *ret,
                         const char **ret_field)
{
    char *text = draft->texts[target].at, *end;
    *ret = 0;
    if (!*text)
        return 0;
    char *comma = strchr (text, ',');
    if (comma && !strchr (text, '.'))
        *comma = '.';
    double value = strtod (text, &end);
    if (end == text || *end || !(value >= -most && value <= most))
        return wrong (draft, target,
                      most > 90 ? "not degrees from -180 to 180" : "not degrees from -90 to 90",
                      ret_field);
    *ret = (int64_t) (value * 1e7 + (value < 0 ? -0.5 : 0.5));
    return 0;
}

static uint32_t number (struct draft *draft, enum target target, uint32_t *ret,
                        const char **ret_field)
{
    const char *text = draft->texts[target].at;
    char *end;
    unsigned long value = strtoul (text, &end, 10);
    *ret = 0;
    if (*text && (end == text || *end || value > INT32_MAX || *text == '-'))
        return wrong (draft, target, "not a number", ret_field);
    *ret = (uint32_t) value;
    return 0;
}

/* A word that nobody mapped is not a fault: the category is then not said, and counted. */
static void category (struct mapping *mapping, struct draft *draft)
{
    char *text = lower (draft->texts[TARGET_category].at), *end;
    struct category *found;
    unsigned long value = strtoul (text, &end, 10);
    HASH_FIND_STR (mapping->categories, text, found);
    if (found)
        draft->submission.category = found->number;
    else if (!mapping->words_only && *text && end != text && !*end && value <= INT32_MAX)
        draft->submission.category = (uint32_t) value;
    else if (*text)
        mapping->unknown++;
    free (text);
}

static void fill_key (struct draft *draft, struct record *record)
{
    const struct buffer *said = &draft->texts[TARGET_key];
    size_t len = said->len - 1;
    if (len > 0 && len < sizeof draft->key) {
        memcpy (draft->key, said->at, len);
        draft->submission.key_len = len;
    } else {
        uint8_t digest[16];
        const void *of = len ? said->at : record->raw.at;
        crypto_generichash (digest, sizeof digest, of, len ? len : record->raw.len, NULL, 0);
        sodium_bin2hex (draft->key, 33, digest, sizeof digest);
        draft->submission.key_len = 32;
    }
    draft->submission.key = draft->key;
}

/* A title over its limit goes in front of the text, so that nothing of it is lost. */
static void fill_words (struct draft *draft)
{
    struct buffer *title = &draft->texts[TARGET_title], *text = &draft->texts[TARGET_text];
    if (utf8_count (title->at, title->len - 1) > TITLE_MOST) {
        struct buffer both = {0};
        buffer_add (&both, title->at, title->len - 1);
        buffer_add (&both, "\n\n", 2);
        buffer_add (&both, text->at, text->len);
        buffer_free (text);
        *text = both;
        buffer_clear (title);
        buffer_add (title, "", 1);
    }
    draft->submission.title = title->at;
    draft->submission.title_len = title->len - 1;
    draft->submission.text = text->at;
    draft->submission.text_len = text->len - 1;
}

static void fill_person (struct draft *draft)
{
    const struct {
        enum target target;
        const char **into;
    } fields[] = {
        {TARGET_name, &draft->identity.name},       {TARGET_nik, &draft->identity.nik},
        {TARGET_phone, &draft->identity.phone},     {TARGET_email, &draft->identity.email},
        {TARGET_address, &draft->identity.address},
    };
    for (size_t i = 0; i < array_len (fields); i++) {
        *fields[i].into = clean (draft, fields[i].target);
        if (**fields[i].into)
            draft->submission.identity = &draft->identity;
    }
    draft->contact.address = clean (draft, TARGET_contact);
    draft->contact.language = draft->submission.language;
    if (*draft->contact.address)
        draft->submission.contact = &draft->contact;
}

static uint32_t fill_codes (struct draft *draft, const char **ret_field)
{
    struct aduan_submission *submission = &draft->submission;
    uint32_t fault = word (draft, TARGET_kind, kind_of, &submission->kind, ret_field);
    if (!fault)
        fault = word (draft, TARGET_channel, channel_of, &submission->channel, ret_field);
    if (!fault)
        fault = word (draft, TARGET_class, class_of, &submission->complaint_class, ret_field);
    if (!fault)
        fault = word (draft, TARGET_priority, priority_of, &submission->priority, ret_field);
    if (!fault)
        fault = word (draft, TARGET_language, language_of, &submission->language, ret_field);
    if (!fault)
        fault = flag (draft, TARGET_anonymous, &submission->anonymous, ret_field);
    if (!fault)
        fault = flag (draft, TARGET_secret, &submission->secret, ret_field);
    if (!fault)
        fault = degrees (draft, TARGET_latitude, 90, &submission->latitude, ret_field);
    if (!fault)
        fault = degrees (draft, TARGET_longitude, 180, &submission->longitude, ret_field);
    if (!fault)
        fault = number (draft, TARGET_rating, &submission->rating, ret_field);
    return fault;
}

uint32_t mapping_fill (struct mapping *mapping, struct record *record, struct draft *draft,
                       const char **ret_field)
{
    uint32_t fault = 0;
    draft->why = NULL;
    if (mapping->fill && (fault = fill_texts (mapping, record, draft, ret_field)) != 0)
        return fault;
    for (unsigned i = 0; i < TARGETS && !mapping->fill; i++)
        if (!gather (mapping, record, (enum target) i, draft))
            return wrong (draft, (enum target) i, "a list or an object, not a text", ret_field);
    draft->submission = (struct aduan_submission){0};
    draft->identity = (struct aduan_identity){0};
    draft->contact = (struct aduan_contact){0};
    struct buffer *created = &draft->texts[TARGET_created];
    if (created->len > 1 &&
        !time_parse ((struct view){created->at, created->len - 1}, 0, &draft->submission.created))
        return wrong (draft, TARGET_created,
                      "not a time, as 2026-11-25 or 2026-11-25T10:00:00+07:00", ret_field);
    fault = fill_codes (draft, ret_field);
    if (fault)
        return fault;
    category (mapping, draft);
    draft->submission.place = clean (draft, TARGET_place);
    draft->submission.location = clean (draft, TARGET_location);
    draft->submission.incident = clean (draft, TARGET_incident);
    draft->submission.target = clean (draft, TARGET_target);
    draft->submission.parent = clean (draft, TARGET_parent);
    draft->submission.external = clean (draft, TARGET_external);
    draft->submission.code = draft->texts[TARGET_code].at;
    fill_key (draft, record);
    fill_words (draft);
    fill_person (draft);
    return 0;
}
