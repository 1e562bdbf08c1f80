/* The internals of a cursor, shared by the files of this room. */
#ifndef QUERY_ROWS_CURSOR_H
#define QUERY_ROWS_CURSOR_H

#include "ledger/read/prefetch.h"
#include "query/index/plan.h"

struct query_cursor {
    struct ledger *ledger;
    struct match match;
    struct plan plan;
    bool planned; /* plan is of the next segment */
    bool descending, whole;
    uint64_t limit;
    const volatile int *stop;
    struct query_cost cost;
    uint64_t lo, hi;  /* seqs still to be read: [lo, hi) */
    uint64_t damaged; /* events that the last error is about */
    struct prefetch *prefetch;
    uint64_t loads; /* groups that were read */
    /* the current row */
    bool has_row;
    uint64_t seq;
    struct log_reader *reader;  /* the reader with the group */
    const struct group *group;  /* the row's, once it is read; of another row, or NULL, until then */
    struct event_header header; /* of the row, and before it of others in the same group */
    bool has_header;
    bool has_body;     /* `body` is the row's */
    struct bytes body; /* borrowed from the reader */
    bool has_event;
    struct log_event event;
};

/* The plan of the next segment. 1: there is none. */
int cursor_segment(struct query_cursor *c, struct err *err);
/* The next row of that segment; 1: it has no more, and the cursor is after it. Otherwise like query_next. */
int cursor_next(struct query_cursor *c, struct err *err);
/* Continues after the current segment. */
void cursor_skip_segment(struct query_cursor *c);

#endif
