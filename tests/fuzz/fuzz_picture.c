/* The re-encoder's decoders and coders, outside their cage.  The first byte says of which kind the rest is: `kinds`.
 *
 * The program ends where a picture does, and leaves its memory behind; here that is let go by what the allocator tells.  Of a PNG
 * the checksums are mended first, or nothing that was changed would be decoded. */
#include "fuzz.h"
#include "picture.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define BLOCKS_MOST 65536
#define PNG         1 /* in `kinds` */

/* of sanitizer/allocator_interface.h; absent without a sanitizer */
__attribute__ ((weak)) int __sanitizer_install_malloc_and_free_hooks (
    void (*on_malloc) (const volatile void *, size_t), void (*on_free) (const volatile void *));

static jmp_buf left;
static bool recording;
static const volatile void *blocks[BLOCKS_MOST];
static size_t block_count;

static void on_malloc (const volatile void *at, size_t len)
{
    (void) len;
    if (!recording || !at)
        return;
    check (block_count < BLOCKS_MOST);
    blocks[block_count++] = at;
}

static void on_free (const volatile void *at)
{
    if (!recording || !at)
        return;
    for (size_t i = block_count; i-- > 0;)
        if (blocks[i] == at) {
            blocks[i] = blocks[--block_count];
            return;
        }
}

static void blocks_free (void)
{
    recording = false;
    while (block_count)
        free ((void *) (uintptr_t) blocks[--block_count]);
}

_Noreturn void leave (enum end end)
{
    longjmp (left, (int) end);
}

void output_write (const void *at, size_t len)
{
    static volatile uint8_t sum;
    for (size_t i = 0; i < len; i++)
        sum = (uint8_t) (sum + ((const uint8_t *) at)[i]);
}

static uint32_t four (const uint8_t *at)
{
    return (uint32_t) at[0] << 24 | (uint32_t) at[1] << 16 | (uint32_t) at[2] << 8 | at[3];
}

static void checksums_mend (uint8_t *at, size_t len)
{
    for (size_t place = 8; len >= 12 && place <= len - 12;) {
        size_t size = four (at + place);
        if (size > len - 12 - place)
            return;
        uint32_t sum = (uint32_t) crc32 (0, at + place + 4, (uInt) size + 4);
        for (unsigned i = 0; i < 4; i++)
            at[place + 8 + size + i] = (uint8_t) (sum >> (24 - 8 * i));
        place += 12 + size;
    }
}

static void (*const kinds[]) (struct input input, struct picture *ret) = {
    jpeg_decode, png_decode, webp_decode, gif_decode, heif_decode};

static void picture_make (unsigned kind, struct input input)
{
    struct picture picture = {.orientation = 1};

    kinds[kind](input, &picture);
    check (picture.orientation >= 1 && picture.orientation <= 8);
    check (picture.channels >= 1 && picture.channels <= 4);
    fuzz_planted (picture.orientation == 6 && picture_width (&picture) > picture_height (&picture));
    if (picture.channels == 2 || picture.channels == 4 || kind == PNG)
        png_encode (&picture);
    else
        jpeg_encode (&picture);
}

int LLVMFuzzerTestOneInput (const uint8_t *at, size_t len)
{
    static bool hooked;

    if (!hooked && __sanitizer_install_malloc_and_free_hooks)
        check (__sanitizer_install_malloc_and_free_hooks (on_malloc, on_free) > 0);
    if (!hooked)
        heif_prepare ();
    hooked = true;
    if (len < 2 || len > INPUT_MOST)
        return 0;
    uint8_t *copy = xcalloc (len - 1, 1);
    memcpy (copy, at + 1, len - 1);
    unsigned kind = at[0] % array_len (kinds);
    if (kind == PNG)
        checksums_mend (copy, len - 1);
    recording = true;
    if (setjmp (left) == 0)
        picture_make (kind, (struct input){copy, len - 1});
    blocks_free ();
    free (copy);
    return 0;
}
