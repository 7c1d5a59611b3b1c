/* history.c - what was said on a case since it came, as `aduan work` tells it: for a command as JSON, for a person as text. */
#include "cli.h"
#include "wire/wire.h"

static const char *said_word (const struct aduan_said *said)
{
    return said->act ? aduan_act_word (said->act) : kind_word (said->kind);
}

/* Does its code name another case instead of an agency? */
static bool names_other (const struct aduan_said *said)
{
    return said->act >= ADUAN_ACT_LINK && said->act <= ADUAN_ACT_UNMERGE;
}

json_t *digests_json (const void *attachments, size_t len)
{
    const uint8_t *digests = attachments;
    json_t *out = json_array ();
    for (size_t at = 0; at < len; at += ADUAN_DIGEST_BYTES)
        json_array_append_new (out, json_string (hex_text (digests + at, ADUAN_DIGEST_BYTES)));
    return out;
}

void files_put (size_t attachments_len)
{
    char files[24];
    snprintf (files, sizeof files, "%zu", attachments_len / ADUAN_DIGEST_BYTES);
    if (attachments_len)
        say (stdout, TEXT_work_files, "count", files, NULL);
}

json_t *history_json (const struct aduan_assignment *assignment)
{
    json_t *out = json_array ();
    for (size_t i = 0; i < assignment->history_count; i++) {
        const struct aduan_said *said = &assignment->history[i];
        json_t *entry = json_pack ("{s:I, s:s, s:s}", "at", (json_int_t) said->at, "kind",
                                   said_word (said), "text", said->text);
        if (*said->agency_code)
            json_object_set_new (entry, "agency", json_string (said->agency_code));
        if (said->agency)
            json_object_set_new (entry, "agency_number", json_integer (said->agency));
        if (said->reason)
            json_object_set_new (entry, "reason", json_string (hand_back_word (said->reason)));
        if (names_other (said))
            json_object_set_new (entry, "other", json_string (said->suggested_code));
        else if (*said->suggested_code)
            json_object_set_new (entry, "suggested", json_string (said->suggested_code));
        if (said->attachments_len)
            json_object_set_new (entry, "attachments",
                                 digests_json (said->attachments, said->attachments_len));
        json_array_append_new (out, entry);
    }
    return out;
}

void history_put (const struct aduan_assignment *assignment)
{
    char omitted[12];
    snprintf (omitted, sizeof omitted, "%u", assignment->history_omitted);
    if (assignment->history_omitted)
        say (stdout, TEXT_work_omitted, "count", omitted, NULL);
    for (size_t i = 0; i < assignment->history_count; i++) {
        const struct aduan_said *said = &assignment->history[i];
        put_event (time_text (said->at), said_word (said), said->agency_code);
        if (said->reason)
            say (stdout, TEXT_work_why, "why", hand_back_word (said->reason), NULL);
        if (names_other (said))
            say (stdout, TEXT_work_other, "number", said->suggested_code, NULL);
        else if (*said->suggested_code)
            say (stdout, TEXT_work_whose, "agency", said->suggested_code, NULL);
        put_indented (said->text);
        files_put (said->attachments_len);
    }
    if (assignment->history_count)
        fputc ('\n', stdout);
}
