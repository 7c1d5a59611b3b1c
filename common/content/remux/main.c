/* main.c - aduan-remux KIND SECONDS: stdin to stdout.  See video.h. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "video.h"

_Noreturn void leave (enum end end)
{
    _exit ((int) end);
}

int main (int argc, char **argv)
{
    unsigned long seconds = argc == 3 ? strtoul (argv[2], NULL, 10) : 0;

    if (seconds == 0 || seconds > SECONDS_MOST)
        leave (END_USAGE);
    tzset (); /* libavformat writes times as words, for which the C library would open a file */
    cage_shut ();
    video_remux (input_read (FILM_MOST), (unsigned) seconds);
    _exit (0);
}
