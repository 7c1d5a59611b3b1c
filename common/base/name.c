/* name.c - what people call things: persons, agencies and templates, keys, and what they log in by. */
#include "base/base.h"

#include <string.h>
#include <utf8proc.h>

#define LOGIN_LEAST 3
#define LOGIN_MOST  56
#define KEY_MOST    64
#define CODE_MOST   32

bool name_plain (struct view name, size_t most)
{
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *) name.at;
    size_t left = name.len, count = 0;
    while (left) {
        utf8proc_int32_t point;
        utf8proc_ssize_t step = utf8proc_iterate (at, (utf8proc_ssize_t) left, &point);
        if (step <= 0 || utf8_unseen (point) || ++count > most)
            return false;
        at += step;
        left -= (size_t) step;
    }
    return !utf8_blank (name.at, name.len);
}

static bool is_small_or_digit (char sign)
{
    return (sign >= 'a' && sign <= 'z') || (sign >= '0' && sign <= '9');
}

static bool is_letter_or_digit (char sign)
{
    return is_small_or_digit (sign) || (sign >= 'A' && sign <= 'Z');
}

static bool is_one_of (char sign, const char *signs)
{
    return sign && strchr (signs, sign);
}

bool login_valid (struct view login)
{
    for (size_t i = 0; i < login.len; i++)
        if (!is_small_or_digit (login.at[i]) && (i == 0 || !is_one_of (login.at[i], "._@-")))
            return false;
    return login.len >= LOGIN_LEAST && login.len <= LOGIN_MOST;
}

bool key_name_valid (struct view name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!is_letter_or_digit (name.at[i]) && !is_one_of (name.at[i], "._-"))
            return false;
    return name.len >= 1 && name.len <= KEY_MOST && !view_is (name, "-");
}

bool agency_code_valid (struct view code)
{
    bool between = true; /* a letter or digit must come */
    for (size_t i = 0; i < code.len; i++) {
        bool parts = is_one_of (code.at[i], "._-/");
        if (parts ? between : !is_letter_or_digit (code.at[i]))
            return false;
        between = parts;
    }
    return !between && code.len <= CODE_MOST;
}
