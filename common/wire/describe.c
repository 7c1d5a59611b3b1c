/* describe.c - the tables of PROTOCOL.md, from messages.def itself: a test compares the two. */
#include "wire/wire.h"

void wire_describe (struct buffer *out)
{
#define ENUM(name)                                                                                 \
    buffer_format (out, "\n#### enum %s\n\n| value | word | meaning |\n|---|---|---|\n", #name);
#define VALUE(name, value, number, word, mean)                                                     \
    buffer_format (out, "| %d | %s | %s |\n", number, word, mean);
#define END_ENUM(name)
#define MESSAGE(msg, number, class, route, meaning)                                                \
    buffer_format (out,                                                                            \
                   "\n#### %d %s\n\n%s · class %s\n\n%s\n\n"                                      \
                   "| tag | field | kind | rule | limit | meaning |\n|---|---|---|---|---|---|\n", \
                   number, #msg, route, #class, meaning);
#define FIELD(msg, tag, name, kind, rule, limit, meaning)                                          \
    buffer_format (out, "| %d | %s | %s | %s | %d | %s |\n", tag, #name, #kind, #rule,             \
                   (int) (limit), meaning);
#define END(msg)
#include "wire/messages.def"
}
