/* record.c - the decision record: what each rung said, as codes and parameters; the reader's language
 * comes later, where it is shown. */
#include "ladder.h"

#include <string.h>

#define CANDIDATE_MOST 160 /* bytes of one, its parameter cut */
#define END_MOST       (256 + DECIDE_CANDIDATES * CANDIDATE_MOST) /* of what record_end says */
#define VIEW_MOST      32 /* of a view, beside its code and parameter */
#define PARAMETER_MOST 80

static char *put_number (char *end, uint64_t number)
{
    char digits[20];
    size_t len = 0;
    do
        digits[len++] = (char) ('0' + number % 10);
    while (number /= 10);
    while (len)
        *end++ = digits[--len];
    return end;
}

/* A string of JSON.  Parameters are ours or an operator's: quotes and control bytes become blanks, and it is
 * cut between characters. */
static char *put_text (char *end, const char *text)
{
    *end++ = '"';
    for (size_t len = 0; text[len] && (len < PARAMETER_MOST || (text[len] & 0xc0) == 0x80); len++)
        *end++ = (unsigned char) text[len] < ' ' || text[len] == '"' || text[len] == '\\'
                     ? ' '
                     : text[len];
    *end++ = '"';
    return end;
}

void record_begin (struct ladder *ladder)
{
    ladder->end = stpcpy (ladder->ret->record, "{\"said\":[");
}

/* What has no room is left out: the end always fits. */
void record_view (struct ladder *ladder, unsigned rung, const char *code, const char *parameter)
{
    char *end = ladder->end;
    size_t left = DECIDE_RECORD_MOST - END_MOST - (size_t) (end - ladder->ret->record);
    if (strlen (code) + PARAMETER_MOST + 4 + VIEW_MOST > left)
        return;
    end = stpcpy (end, end[-1] == '[' ? "[" : ",[");
    end = stpcpy (put_number (end, rung), ",");
    end = put_text (end, code);
    if (*parameter)
        end = put_text (stpcpy (end, ","), parameter);
    ladder->end = stpcpy (end, "]");
}

static char *put_candidate (char *end, const struct candidate *candidate)
{
    end = put_number (stpcpy (end, "["), candidate->agency);
    end = put_number (stpcpy (end, ","), candidate->function);
    end = put_number (stpcpy (end, ","), candidate->chance);
    end = put_text (stpcpy (end, ","), ground_code (candidate->ground));
    if (*candidate->parameter)
        end = put_text (stpcpy (end, ","), candidate->parameter);
    return stpcpy (end, "]");
}

void record_end (struct ladder *ladder)
{
    const struct decision *ret = ladder->ret;
    const struct routing *routing = ladder->routing;
    char *end = stpcpy (ladder->end, "],\"next\":[");
    for (int i = 0; i < DECIDE_CANDIDATES && ret->candidates[i].ground; i++)
        end = put_candidate (stpcpy (end, i ? "," : ""), &ret->candidates[i]);
    end = put_number (stpcpy (end, "],\"rung\":"), ret->rung);
    end = put_number (stpcpy (end, ",\"sure\":"), ret->confidence);
    end = put_number (stpcpy (end, ",\"v\":["), routing->rules_version);
    end = put_number (stpcpy (end, ","), registry_version (ladder->registry));
    end = put_number (stpcpy (end, ","), routing->model_version);
    stpcpy (end, "]}");
}
