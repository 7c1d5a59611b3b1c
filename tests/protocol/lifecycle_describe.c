/* lifecycle-describe - prints the tables of docs/lifecycle.md, for the page itself and the test that compares. */
#include <stdio.h>

#include "domain/lifecycle.h"

int main (void)
{
    struct buffer text = {0};
    lifecycle_describe (&text);
    fwrite (text.at, 1, text.len, stdout);
    buffer_free (&text);
    return 0;
}
