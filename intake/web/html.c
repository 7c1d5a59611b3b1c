/* html.c - what an HTML text says, without how it looks: for mails that have no other text. */
#include <libxml/HTMLparser.h>
#include <string.h>
#include <strings.h>
#include "mime.h"

#define HTML_MOST 2097152 /* bytes of a text that are read */

/* Elements that begin a line of their own. */
static const char *const blocks[] = {"p",  "div", "br", "tr", "li", "h1", "h2",         "h3",
                                     "h4", "h5",  "h6", "ul", "ol", "hr", "blockquote", "table"};
/* Elements whose content nobody reads. */
static const char *const unread[] = {"script", "style", "head", "title", "template", "noscript"};

static bool is_among (const xmlNode *node, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (node->type == XML_ELEMENT_NODE && strcasecmp ((const char *) node->name, names[i]) == 0)
            return true;
    return false;
}

static void line_end (struct buffer *out)
{
    if (out->len && out->at[out->len - 1] != '\n')
        buffer_add (out, "\n", 1);
}

/* White space of HTML is one blank. */
static void words_add (const char *at, struct buffer *out)
{
    for (; *at; at++) {
        bool blank = strchr (" \t\r\n", *at) != NULL;
        if (!blank)
            buffer_add (out, at, 1);
        else if (out->len && out->at[out->len - 1] != ' ' && out->at[out->len - 1] != '\n')
            buffer_add (out, " ", 1);
    }
}

/* The next node of the tree, depth first, without recursion: how deep it is a stranger has chosen. */
static const xmlNode *walk (const xmlNode *node, bool inside, struct buffer *out)
{
    if (inside && node->children)
        return node->children;
    while (node && !node->next) {
        node = node->parent;
        if (node && is_among (node, blocks, array_len (blocks)))
            line_end (out);
    }
    return node ? node->next : NULL;
}

void html_text (struct view html, struct buffer *out)
{
    int len = (int) (html.len < HTML_MOST ? html.len : HTML_MOST);
    htmlDocPtr tree = htmlReadMemory (html.at, len, NULL, "UTF-8",
                                      HTML_PARSE_RECOVER | HTML_PARSE_NOERROR |
                                          HTML_PARSE_NOWARNING | HTML_PARSE_NONET);
    const xmlNode *node = tree ? xmlDocGetRootElement (tree) : NULL;

    while (node) {
        bool read = !is_among (node, unread, array_len (unread));
        if (is_among (node, blocks, array_len (blocks)))
            line_end (out);
        if (node->type == XML_TEXT_NODE && node->content)
            words_add ((const char *) node->content, out);
        node = walk (node, read, out);
    }
    if (tree)
        xmlFreeDoc (tree);
}
