/* gif.c - giflib, in only: the first picture; what moves, and what else the file says, stays behind. */
#include <gif_lib.h>
#include <stdlib.h>
#include <string.h>
#include "picture.h"

#define NOT_CLEAR (-1)
#define PALETTE   256

static int on_read (GifFileType *gif, GifByteType *ret, int room)
{
    struct input *rest = gif->UserData;
    size_t len = rest->len < (size_t) room ? rest->len : (size_t) room;

    memcpy (ret, rest->at, len);
    rest->at += len;
    rest->len -= len;
    return (int) len;
}

/* Comments, and what programs write for one another, are passed over; one of them names the colour that is clear. */
static bool extension_pass (GifFileType *gif, int *ret_clear)
{
    GraphicsControlBlock control;
    GifByteType *block;
    int code;

    if (DGifGetExtension (gif, &code, &block) != GIF_OK)
        return false;
    while (block) {
        if (code == GRAPHICS_EXT_FUNC_CODE &&
            DGifExtensionToGCB (block[0], block + 1, &control) == GIF_OK)
            *ret_clear = control.TransparentColor;
        if (DGifGetExtensionNext (gif, &block) != GIF_OK)
            return false;
    }
    return true;
}

/* To the first picture.  False: there is none. */
static bool picture_find (GifFileType *gif, int *ret_clear)
{
    GifRecordType record;

    while (DGifGetRecordType (gif, &record) == GIF_OK) {
        if (record == IMAGE_DESC_RECORD_TYPE)
            return DGifGetImageDesc (gif) == GIF_OK;
        if (record != EXTENSION_RECORD_TYPE || !extension_pass (gif, ret_clear))
            return false;
    }
    return false;
}

/* One that is whole only at its end has its rows in four passes.  What is missing of a cut one is colour 0. */
static uint8_t *indices_read (GifFileType *gif, uint32_t width, uint32_t height)
{
    static const uint32_t first[] = {0, 4, 2, 1}, step[] = {8, 8, 4, 2};
    uint8_t *all = calloc (height, width);

    if (!all)
        return NULL;
    for (unsigned pass = 0; pass < (gif->Image.Interlace ? 4 : 1); pass++) {
        uint32_t by = gif->Image.Interlace ? step[pass] : 1;
        for (uint32_t y = gif->Image.Interlace ? first[pass] : 0; y < height; y += by)
            if (DGifGetLine (gif, all + (size_t) y * width, (int) width) != GIF_OK)
                return all;
    }
    return all;
}

/* Four bytes each; a colour that the palette lacks is black. */
static void palette_take (const GifFileType *gif, int clear, uint8_t ret[PALETTE][4])
{
    const ColorMapObject *map = gif->Image.ColorMap ? gif->Image.ColorMap : gif->SColorMap;

    for (int i = 0; i < PALETTE; i++) {
        bool there = map && i < map->ColorCount;
        ret[i][0] = there ? map->Colors[i].Red : 0;
        ret[i][1] = there ? map->Colors[i].Green : 0;
        ret[i][2] = there ? map->Colors[i].Blue : 0;
        ret[i][3] = i == clear ? 0 : 255;
    }
}

static void rows_take (const uint8_t *indices, uint32_t width, uint32_t height,
                       uint8_t palette[PALETTE][4], unsigned channels, struct picture *ret)
{
    uint8_t *row = malloc ((size_t) width * channels);
    struct shrink shrink;

    if (!row)
        leave (END_MEMORY);
    shrink_begin (&shrink, ret, width, height, channels, PNG_WHOLE);
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++)
            memcpy (row + (size_t) x * channels, palette[*indices++], channels);
        shrink_row (&shrink, row);
    }
    shrink_end (&shrink);
    free (row);
}

void gif_decode (struct input input, struct picture *ret)
{
    GifFileType *gif = DGifOpen (&input, on_read, NULL);
    uint8_t palette[PALETTE][4], *indices;
    int clear = NOT_CLEAR;

    if (!gif || !picture_find (gif, &clear))
        leave (END_DAMAGED);
    uint32_t width = (uint32_t) gif->Image.Width, height = (uint32_t) gif->Image.Height;
    picture_bound (width, height);
    indices = indices_read (gif, width, height);
    if (!indices)
        leave (END_MEMORY);
    palette_take (gif, clear, palette);
    rows_take (indices, width, height, palette, clear == NOT_CLEAR ? 3 : 4, ret);
    free (indices);
    DGifCloseFile (gif, NULL);
}
