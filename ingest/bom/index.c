/* References, found in the time of a search however many there are. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "ingest/bom/bom.h"

int bom_index_add(struct bom_index *index, struct bytes id, struct bytes raw, struct err *err) {
    if (id.n == 0) return 0;
    if (array_room(&index->entries, index->n + 1, &index->cap, sizeof(*index->entries), NULL) != 0) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    index->entries[index->n++] = (struct bom_entry){id, raw};
    return 0;
}

/* Entries of the same id keep the order of the document, in which they are in memory. */
static int by_id(const void *a, const void *b) {
    const struct bom_entry *x = a, *y = b;
    int order = bytes_cmp(x->id, y->id);
    return order != 0 ? order : (x->raw.p > y->raw.p) - (x->raw.p < y->raw.p);
}

void bom_index_sort(struct bom_index *index) {
    if (index->n > 0) qsort(index->entries, index->n, sizeof(*index->entries), by_id);
}

const struct bom_entry *bom_index_find(const struct bom_index *index, struct bytes id) {
    size_t from = 0, to = index->n;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (bytes_cmp(index->entries[middle].id, id) < 0) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from < index->n && bytes_eq(index->entries[from].id, id) ? &index->entries[from] : NULL;
}

void bom_index_done(struct bom_index *index) {
    free(index->entries);
    memset(index, 0, sizeof(*index));
}
