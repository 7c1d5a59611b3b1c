/* aduan-remux outside its cage: a film in, a film out.  It lets go of all that it holds before it leaves. */
#include "fuzz.h"
#include "video.h"

#include <setjmp.h>

static jmp_buf left;

_Noreturn void leave (enum end end)
{
    longjmp (left, (int) end);
}

void output_write (const void *at, size_t len)
{
    static volatile uint8_t sum;
    for (size_t i = 0; i < len; i++)
        sum = (uint8_t) (sum + ((const uint8_t *) at)[i]);
    fuzz_planted (len > 0);
}

int LLVMFuzzerTestOneInput (const uint8_t *at, size_t len)
{
    if (len && len <= FILM_MOST && setjmp (left) == 0)
        video_remux ((struct input){at, len}, 1);
    return 0;
}
