/* sign.h - how what is sent to a webhook is signed, as Standard Webhooks say it (symmetric, version 1).  Pure. */
#ifndef ADUAN_SIGN_H
#define ADUAN_SIGN_H

#include "base/base.h"

#define WEBHOOK_SECRET 32 /* bytes of a secret; told as "whsec_" and their base64 */

/* "v1," and base64 of HMAC-SHA256 over id.timestamp.body (`timestamp`: s since 1970); the caller frees it. */
char *webhook_sign (const uint8_t secret[WEBHOOK_SECRET], struct view id, int64_t timestamp,
                    struct view body);
/* Reads a secret as it is told, blanks around it allowed.  0, or FAIL_MALFORMED. */
int webhook_secret_read (struct view text, uint8_t ret[WEBHOOK_SECRET]);

#endif
