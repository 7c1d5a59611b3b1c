/* The settings file of a program that has every kind of setting. */
#include "fuzz.h"
#include "base/log.h"
#include "daemon/settings.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct setting table[] = {
    {"door", SETTING_TEXT, "tcp://127.0.0.1:8313", 0, 0, false, "text"},
    {"spool.folder", SETTING_PATH, "", 0, 0, false, "path"},
    {"spool.bytes", SETTING_BYTES, "1GiB", 1 << 20, INT64_MAX, false, "bytes"},
    {"spool.keep", SETTING_DURATION, "8d", 60000, INT64_MAX, false, "duration"},
    {"recent", SETTING_NUMBER, "100000", 1000, 10000000, false, "number"},
    {"loud", SETTING_FLAG, "false", 0, 0, true, "flag"},
};

int LLVMFuzzerTestOneInput (const uint8_t *at, size_t len)
{
    static int file = -1;
    static char path[32];
    if (file < 0) {
        file = memfd_create ("settings", 0);
        snprintf (path, sizeof path, "/proc/self/fd/%d", file);
    }
    check (file >= 0 && ftruncate (file, 0) == 0 && pwrite (file, at, len, 0) == (ssize_t) len);
    struct settings *settings = NULL;
    if (settings_load (path, "intake", table, array_len (table), NULL, &settings) == 0) {
        struct buffer page = {0};
        settings_print (settings, &page);
        fuzz_planted (settings_flag (settings, "loud") &&
                      settings_number (settings, "recent") != 100000);
        buffer_free (&page);
        settings_destroy (&settings);
    }
    return 0;
}
