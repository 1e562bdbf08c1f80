/* The only writer of text into pages. */
#include "serve/pages/html.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"

#define SAFE_MAX ((size_t)4 << 20)
#define ID_WHOLE 24
#define ID_ENDS  8

void html_put(struct buf *out, const char *markup) {
    buf_put_str(out, markup);
}

static void put_escaped(struct buf *out, struct bytes text) {
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        const char *entity = c == '<'    ? "&lt;"
                             : c == '>'  ? "&gt;"
                             : c == '&'  ? "&amp;"
                             : c == '"'  ? "&quot;"
                             : c == '\'' ? "&#39;"
                                         : NULL;
        if (entity != NULL) {
            buf_put_str(out, entity);
        } else {
            buf_put_u8(out, c);
        }
    }
}

void html_text(struct buf *out, struct bytes text) {
    struct buf safe = {.max = SAFE_MAX};
    text_safe(&safe, text);
    put_escaped(out, bytes_of_buf(&safe));
    buf_done(&safe);
}

void html_cut(struct buf *out, struct bytes text, size_t max) {
    bool cut = text.n > max;
    if (cut) text.n = text_utf8_valid(text.p, max);
    html_text(out, text);
    if (cut) html_put(out, "<span class=\"cut\" title=\"the text goes on\">\xe2\x80\xa6</span>");
}

void html_attr(struct buf *out, const char *name, struct bytes value) {
    buf_printf(out, " %s=\"", name);
    html_text(out, value);
    buf_put_u8(out, '"');
}

void html_encoded(struct buf *out, struct bytes text) {
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (isalnum(c) || (c != 0 && strchr("-._~", c) != NULL)) {
            buf_put_u8(out, c);
        } else {
            buf_printf(out, "%%%02X", c);
        }
    }
}

void html_id(struct buf *out, struct bytes id) {
    bool plain = id.n > ID_WHOLE;
    for (size_t i = 0; plain && i < id.n; i++) {
        plain = isalnum(id.p[i]) || id.p[i] == '-' || id.p[i] == ':';
    }
    html_put(out, "<span class=\"id\"");
    html_attr(out, "title", id.n > HTML_CELL_MAX ? (struct bytes){id.p, text_utf8_valid(id.p, HTML_CELL_MAX)} : id);
    html_put(out, ">");
    if (plain) {
        html_text(out, (struct bytes){id.p, ID_ENDS});
        html_put(out, "\xe2\x80\xa6");
        html_text(out, (struct bytes){id.p + id.n - ID_ENDS, ID_ENDS});
    } else {
        html_cut(out, id, 120);
    }
    html_put(out, "</span>");
}
