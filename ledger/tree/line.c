/* A reader that returns the lines of borrowed text; the only place that decides what a line is. */
#include "ledger/tree/line.h"

#include <string.h>

void line_init(struct line_reader *reader, struct bytes text) {
    reader->rest = text;
    reader->number = 0;
}

bool line_next(struct line_reader *reader, struct bytes *ret) {
    struct bytes *rest = &reader->rest;
    const uint8_t *lf = rest->n == 0 ? NULL : memchr(rest->p, '\n', rest->n);
    if (lf == NULL) return false;
    size_t n = (size_t)(lf - rest->p);
    *ret = (struct bytes){rest->p, n};
    rest->p += n + 1;
    rest->n -= n + 1;
    reader->number++;
    return true;
}

bool line_field(struct bytes *line, struct bytes *ret) {
    if (line->p == NULL) return false;
    const uint8_t *space = line->n == 0 ? NULL : memchr(line->p, ' ', line->n);
    if (space == NULL) {
        *ret = *line;
        *line = (struct bytes){NULL, 0}; /* NULL marks the end: an empty last field is still returned once */
        return true;
    }
    size_t n = (size_t)(space - line->p);
    *ret = (struct bytes){line->p, n};
    line->p += n + 1;
    line->n -= n + 1;
    return true;
}
