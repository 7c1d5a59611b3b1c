/* qr.c - libqrencode's modules as one SVG path: a run of dark modules is a bar. */
#include <qrencode.h>
#include "desk.h"

char *qr_path (const char *text, int *ret_side)
{
    QRcode *code = QRcode_encodeString8bit (text, 0, QR_ECLEVEL_M);
    struct buffer path = {0};

    if (!code)
        return NULL;
    for (int y = 0; y < code->width; y++)
        for (int x = 0; x < code->width;) {
            int run = 0;
            while (x + run < code->width && code->data[y * code->width + x + run] & 1)
                run++;
            if (run)
                buffer_format (&path, "M%d %dh%dv1h-%dz", x, y, run, run);
            x += run ? run : 1;
        }
    *ret_side = code->width;
    QRcode_free (code);
    buffer_add (&path, "", 1);
    return path.at;
}
