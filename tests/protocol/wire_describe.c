/* wire-describe - prints the tables of PROTOCOL.md, for the page itself and the test that compares. */
#include <stdio.h>

#include "wire/wire.h"

int main (void)
{
    struct buffer text = {0};
    wire_describe (&text);
    fwrite (text.at, 1, text.len, stdout);
    buffer_free (&text);
    return 0;
}
