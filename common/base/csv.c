/* csv.c - cells of a table that a spreadsheet opens. */
#include <string.h>
#include "base/base.h"

/* What such a program takes for the beginning of a formula. */
static bool begins_formula (char first)
{
    return first && strchr ("=+-@\t\r", first);
}

void csv_cell (struct buffer *out, const char *text)
{
    buffer_add (out, "\"", 1);
    if (begins_formula (*text))
        buffer_add (out, "'", 1);
    for (; *text; text++)
        buffer_add (out, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    buffer_add (out, "\"", 1);
}

struct view csv_plain (struct view cell)
{
    if (cell.len > 1 && cell.at[0] == '\'' && begins_formula (cell.at[1]))
        return (struct view){cell.at + 1, cell.len - 1};
    return cell;
}
