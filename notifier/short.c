/* short.c - a notice as a short text, for SMS and WhatsApp.  Pure: no clock, no file, no socket.
 *
 * Called by sms.c and whatsapp.c.  The texts are notices.def.
 */
#include "short.h"

#include <string.h>
#include "words.h"

#define WHOLE_MAX  3500 /* bytes where nothing is paid by length: WhatsApp takes 4,096 signs */
#define CUT_STEP   8    /* bytes by which words are shortened until they fit */
#define AGENCY_MAX 60 /* bytes of an agency's name: a longer one would cost a segment of its own */

struct text {
    const char *event;
    enum reader reader;
    const char *words[LANGUAGE_LAST]; /* by enum language */
};

static const struct text texts[] = {
#define NOTICE(event, reader, id, en) {event, reader, {[LANGUAGE_ID] = id, [LANGUAGE_EN] = en}},
#include "notices.def"
#undef NOTICE
};

static const char *text_find (struct view event, uint64_t reader, uint32_t language)
{
    for (size_t i = 0; i < array_len (texts); i++)
        if (texts[i].reader == reader && view_is (event, texts[i].event))
            return texts[i].words[language];
    return NULL;
}

/* At most AGENCY_MAX bytes, whole characters, no line ends. */
static struct view clipped (struct view name)
{
    size_t len = name.len < AGENCY_MAX ? name.len : AGENCY_MAX;
    while (len < name.len && len > 0 && ((unsigned char) name.at[len] & 0xc0) == 0x80)
        len--;
    const char *end = len ? memchr (name.at, '\n', len) : NULL;
    return (struct view){name.at, end ? (size_t) (end - name.at) : len};
}

/* Who reported by a gateway has no other word of his number, nor of the words that he can send (intake/web/command.c): `receipt`, as is
 * said to whom these are of use, and where the report came by WhatsApp's number alone, `received_whatsapp`. */
static const char *text_choose (const struct msg_notice *notice, const struct contact *contact,
                                const struct values *values)
{
    uint32_t language = reader_language (notice, contact);
    const char *text = text_find (notice->template, notice->recipient, language);
    struct values said = *values;

    said.text = view_of (""); /* a line without words is left out, and nothing hangs on it */
    if (is_receipt (notice) && values->code.at)
        return text_find (view_of ("receipt"), notice->recipient, language);
    if (!text || values_fit (&said, text))
        return text;
    bool whatsapp = is_receipt (notice) && view_is (contact->kind, "whatsapp");
    return text_find (view_of (whatsapp ? "received_whatsapp" : "news"), notice->recipient,
                      language);
}

/* Behind what is there from `from` on. */
static void lines_add (const char *text, const struct values *values, size_t from,
                       struct buffer *out)
{
    while (*text) {
        size_t len = strcspn (text, "\n"), end = out->len;
        if (end > from)
            buffer_add (out, " ", 1);
        if (!line_expand (text, len, values, out))
            out->len = end;
        text += len + (text[len] == '\n');
    }
}

/* The first `len` bytes of what an agency said, whole characters, with a sign that there is more; in `made`. */
static struct view words_cut (struct view words, size_t len, struct buffer *made)
{
    while (len > 0 && ((unsigned char) words.at[len] & 0xc0) == 0x80)
        len--;
    made->len = 0;
    buffer_add (made, words.at, len);
    buffer_add (made, "...", 3);
    return (struct view){made->at, made->len};
}

static bool fits (const struct buffer *text, size_t from, unsigned segments)
{
    struct view said = {text->at + from, text->len - from};
    bool ucs2;

    return segments ? short_segments (said, &ucs2) <= segments : said.len <= WHOLE_MAX;
}

int short_text (const struct msg_notice *notice, const struct contact *contact, const char *base,
                unsigned segments, struct buffer *out)
{
    size_t from = out->len, len = notice->text.len < WHOLE_MAX ? notice->text.len : WHOLE_MAX;
    struct buffer cut = {0};
    struct values values;

    values_take (notice, contact, base, &values);
    values.agency = clipped (values.agency);
    const char *text = text_choose (notice, contact, &values);
    if (text)
        lines_add (text, &values, from, out);
    while (text && strstr (text, "{text}") && values.text.at && !fits (out, from, segments)) {
        len -= len < CUT_STEP ? len : CUT_STEP;
        values.text = len ? words_cut (notice->text, len, &cut) : (struct view){NULL, 0};
        out->len = from;
        lines_add (text, &values, from, out);
    }
    if (text && is_receipt (notice)) /* what became of its files */
        lines_add (
            text_find (view_of ("files"), notice->recipient, reader_language (notice, contact)),
            &values, from, out);
    buffer_free (&cut);
    values_done (&values);
    return text ? 0 : FAIL_ABSENT;
}

int short_phone (struct view address, const char *country, char ret[24])
{
    size_t len = 0;

    if (!phone_valid (address))
        return FAIL_REFUSED;
    bool whole = address.at[0] == '+';
    for (size_t i = 0; i < address.len; i++) {
        char c = address.at[i];
        if (c < '0' || c > '9')
            continue;
        if (len == 0 && c == '0' && !whole) {
            len = strlen (country);
            memcpy (ret, country, len);
        } else if (len < 20) {
            ret[len++] = c;
        } else {
            return FAIL_REFUSED;
        }
    }
    ret[len] = '\0';
    return len >= 5 ? 0 : FAIL_REFUSED;
}

/* ---- what it costs --------------------------------------------------------------------------- */

/* Of one character, in septets of the GSM alphabet; 0: it has none. */
static unsigned septets (uint32_t character)
{
    static const uint16_t beyond_ascii[] = {
        0xa3,  0xa5,  0xe8,  0xe9,  0xf9,  0xec,  0xf2,  0xc7,  0xd8,  0xf8, 0xc5, 0xe5, 0x394,
        0x3a6, 0x393, 0x39b, 0x3a9, 0x3a0, 0x3a8, 0x3a3, 0x398, 0x39e, 0xc6, 0xe6, 0xdf, 0xc9,
        0xa4,  0xa1,  0xc4,  0xd6,  0xd1,  0xdc,  0xa7,  0xbf,  0xe4,  0xf6, 0xf1, 0xfc, 0xe0};
    if (character == '\n' || character == '\r')
        return 1;
    if (character >= ' ' && character < 127)
        return character == '`' ? 0 : strchr ("[\\]^{|}~", (int) character) ? 2 : 1;
    if (character == 0x20ac) /* the euro */
        return 2;
    for (size_t i = 0; i < array_len (beyond_ascii); i++)
        if (beyond_ascii[i] == character)
            return 1;
    return 0;
}

/* The character at *at, which goes behind it; the text is UTF-8. */
static uint32_t character_at (struct view text, size_t *at)
{
    unsigned char lead = (unsigned char) text.at[(*at)++];
    unsigned more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
    uint32_t character = more ? lead & (0x3fu >> more) : lead;
    for (; more && *at < text.len; more--)
        character = character << 6 | ((unsigned char) text.at[(*at)++] & 0x3f);
    return character;
}

unsigned short_segments (struct view text, bool *ret_ucs2)
{
    size_t gsm = 0, ucs2 = 0;
    bool fits = true;

    for (size_t at = 0; at < text.len;) {
        uint32_t character = character_at (text, &at);
        unsigned cost = septets (character);
        fits = fits && cost;
        gsm += cost;
        ucs2 += character >= 0x10000 ? 2 : 1;
    }
    *ret_ucs2 = !fits;
    size_t units = fits ? gsm : ucs2, one = fits ? 160 : 70, each = fits ? 153 : 67;
    return units <= one ? 1 : (unsigned) ((units + each - 1) / each);
}
