/* main.c - aduan-reencode jpg|png|webp|gif|heic|heif: stdin to stdout.  See picture.h. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "picture.h"

static const struct {
    const char *ending;
    void (*decode) (struct input input, struct picture *ret);
    void (*prepare) (void); /* before the cage is shut */
} kinds[] = {
    {"jpg", jpeg_decode, NULL},          {"png", png_decode, NULL},
    {"webp", webp_decode, NULL},         {"gif", gif_decode, NULL},
    {"heic", heif_decode, heif_prepare}, {"heif", heif_decode, heif_prepare},
};

_Noreturn void leave (enum end end)
{
    _exit ((int) end);
}

int main (int argc, char **argv)
{
    struct picture picture = {.orientation = 1};
    const size_t count = sizeof kinds / sizeof kinds[0];
    size_t kind = 0;

    while (argc == 2 && kind < count && strcmp (kinds[kind].ending, argv[1]) != 0)
        kind++;
    if (argc != 2 || kind == count)
        leave (END_USAGE);
    if (kinds[kind].prepare)
        kinds[kind].prepare ();
    cage_shut ();
    struct input input = input_read (INPUT_MOST);
    kinds[kind].decode (input, &picture);
    bool clear = picture.channels == 2 || picture.channels == 4;
    if (clear || strcmp (argv[1], "png") == 0)
        png_encode (&picture);
    else
        jpeg_encode (&picture);
    _exit (0);
}
