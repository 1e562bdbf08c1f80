/* Inside the catalog: sorting the fields of an input, for callers that sort many. */
#ifndef LEDGER_KINDS_SORT_H
#define LEDGER_KINDS_SORT_H

#include "ledger/kinds/memo.h"

/* kind_sort() for callers that sort many inputs. `memo` is read and filled; NULL: none. `index` is kind_index_find(kind).
 * `force_private`: names that look like slips are intended. `as_it_is`: neither names nor the members of maps in lists are
 * checked against the catalog; for what the ledger itself writes and what was judged before. */
struct kind_input {
    struct bytes kind, body, private_, open;
    struct bytes subject; /* fields may repeat its parts; empty: not compared */
    const struct kind_index *index;
    struct kind_memo *memo;
    bool force_private, as_it_is;
};
int kind_sort_input(const struct kind_input *in, struct buf *ret_body, struct buf *ret_private, uint32_t *ret_masked,
                    struct err *err);

#endif
