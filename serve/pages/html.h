/* Writing HTML. Text of the ledger passes html_text or html_attr, which escape it, and make characters visible that are not. */
#ifndef SERVE_PAGES_HTML_H
#define SERVE_PAGES_HTML_H

#include "base/bytes.h"

#define HTML_CELL_MAX 400 /* bytes of a text in a table; the rest is cut, and said to be */

/* Our own markup, as it is. */
void html_put(struct buf *out, const char *markup);
void html_text(struct buf *out, struct bytes text);
/* At most `max` bytes of it, at a character's end, with a mark where it is cut. */
void html_cut(struct buf *out, struct bytes text, size_t max);
/* ` name="value"`, the value escaped. */
void html_attr(struct buf *out, const char *name, struct bytes value);
/* A segment of a path, or the value of a parameter, percent-encoded. */
void html_encoded(struct buf *out, struct bytes text);
/* An id: the whole as title, the middle left out when it is long. */
void html_id(struct buf *out, struct bytes id);

#endif
