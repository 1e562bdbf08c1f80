/* They are few: a source has one or some per file, so a name is looked up one by one. */
#include "ledger/write/cursors.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "ledger/log.h"

static int new_place(struct batch_cursors *cursors, struct err *err) {
    if (cursors->n >= LOG_BATCH_CURSORS_MAX) {
        return err_set(err, ERR_BUSY, "the batch is full: it has %zu cursors; commit it first", cursors->n);
    }
    return array_room(&cursors->list, cursors->n + 1, &cursors->cap, sizeof(*cursors->list), err);
}

int batch_cursors_set(struct batch_cursors *cursors, const char *name, struct bytes value, struct err *err) {
    struct buf copy = {.max = CURSOR_VALUE_MAX};
    size_t i = 0;
    int rc = cursor_name_check(name, err);
    if (rc != 0) return rc;
    if (value.n > CURSOR_VALUE_MAX) {
        return err_set(err, ERR_LIMIT, "the value of the cursor '%s' has %zu bytes, at most %d are accepted", name, value.n,
                       CURSOR_VALUE_MAX);
    }
    while (i < cursors->n && strcmp(cursors->list[i].name, name) != 0) {
        i++;
    }
    if (i == cursors->n) rc = new_place(cursors, err);
    buf_put_bytes(&copy, value);
    if (rc == 0) rc = buf_check(&copy, "a cursor", err);
    if (rc != 0) {
        buf_done(&copy);
        return rc;
    }
    if (i == cursors->n) {
        memcpy(cursors->list[i].name, name, strlen(name) + 1);
        cursors->n++;
    } else {
        buf_done(&cursors->list[i].value);
    }
    cursors->list[i].value = copy;
    return 0;
}

void batch_cursors_clear(struct batch_cursors *cursors) {
    for (size_t i = 0; i < cursors->n; i++) {
        buf_done(&cursors->list[i].value);
    }
    cursors->n = 0;
}

void batch_cursors_done(struct batch_cursors *cursors) {
    batch_cursors_clear(cursors);
    free(cursors->list);
}
