/* The cursors of a batch: they are stored in its transaction. */
#ifndef LEDGER_WRITE_CURSORS_H
#define LEDGER_WRITE_CURSORS_H

#include "ledger/core/cursor.h"

struct batch_cursor {
    char name[CURSOR_NAME_MAX + 1];
    struct buf value;
};

struct batch_cursors {
    struct batch_cursor *list;
    size_t n, cap;
};

/* Of one name the last value counts. On failure nothing is changed. */
int batch_cursors_set(struct batch_cursors *cursors, const char *name, struct bytes value, struct err *err);
void batch_cursors_clear(struct batch_cursors *cursors);
void batch_cursors_done(struct batch_cursors *cursors);

#endif
