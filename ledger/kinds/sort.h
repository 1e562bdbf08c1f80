/* Inside the catalog: sorting the fields of an input, for those who sort many. */
#ifndef LEDGER_KINDS_SORT_H
#define LEDGER_KINDS_SORT_H

#include "ledger/kinds/memo.h"

/* kind_sort() for one who sorts many: `memo` is filled and asked, NULL for none. `index` is kind_index_find(kind).
 * `force_private`: names that look like slips are meant. `as_it_is`: neither names nor the members of maps in lists are
 * held against the catalog; for what the ledger writes itself and what was judged before. */
struct kind_input {
    struct bytes kind, body, private_, open;
    struct bytes subject; /* whose parts fields may say again; empty: not compared */
    const struct kind_index *index;
    struct kind_memo *memo;
    bool force_private, as_it_is;
};
int kind_sort_input(const struct kind_input *in, struct buf *ret_body, struct buf *ret_private, uint32_t *ret_masked,
                    struct err *err);

#endif
