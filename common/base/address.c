/* address.c - where somebody can be reached: mail addresses, host names, telephone numbers. */
#include "base/base.h"

#include <string.h>

#define ADDRESS_MAX 254
#define LOCAL_MAX   64

static bool label_char (char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool domain_valid (struct view domain)
{
    size_t label = 0;

    if (domain.len == 0 || domain.len > 253)
        return false;
    for (size_t i = 0; i < domain.len; i++) {
        char c = domain.at[i];
        if (c == '.') {
            if (label == 0 || domain.at[i - 1] == '-')
                return false;
            label = 0;
            continue;
        }
        if (!label_char (c) && !(c == '-' && label > 0))
            return false;
        if (++label > 63)
            return false;
    }
    return label > 0 && domain.at[domain.len - 1] != '-';
}

bool address_valid (struct view address)
{
    const char *at = address.len ? memchr (address.at, '@', address.len) : NULL;

    if (!at || address.len > ADDRESS_MAX)
        return false;
    size_t local = (size_t) (at - address.at);
    struct view domain = {at + 1, address.len - local - 1};
    if (local == 0 || local > LOCAL_MAX || address.at[0] == '.' || at[-1] == '.')
        return false;
    for (size_t i = 0; i < local; i++) {
        char c = address.at[i];
        if (c == '.' ? address.at[i + 1] == '.'
                     : !label_char (c) && (c == '\0' || !strchr ("!#$%&'*+/=?^_`{|}~-", c)))
            return false;
    }
    return domain_valid (domain) && memchr (domain.at, '.', domain.len);
}

bool phone_valid (struct view phone)
{
    size_t count = 0;
    for (size_t i = 0; i < phone.len; i++) {
        char c = phone.at[i];
        count += c >= '0' && c <= '9';
        if (!c || !strchr ("0123456789+ -", c))
            return false;
    }
    return count >= 5 && count <= 20 && phone.len <= 64;
}
