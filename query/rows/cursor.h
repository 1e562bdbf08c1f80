/* The insides of a cursor, shared by the files of this room. */
#ifndef QUERY_ROWS_CURSOR_H
#define QUERY_ROWS_CURSOR_H

#include "ledger/read/prefetch.h"
#include "query/index/plan.h"

struct query_cursor {
    struct ledger *ledger;
    struct match match;
    struct plan plan;
    bool planned; /* plan is of the segment that comes next */
    bool descending, whole;
    uint64_t limit;
    const volatile int *stop;
    struct query_cost cost;
    uint64_t lo, hi;  /* seqs that are still to be looked at: [lo, hi) */
    uint64_t damaged; /* events that the last error is about */
    struct prefetch *prefetch;
    uint64_t loads; /* groups that were read */
    /* the row at hand */
    bool has_row;
    uint64_t seq;
    struct log_reader *reader;  /* who has the group */
    const struct group *group;  /* the row's, once it is read; of another row, or NULL, until then */
    struct event_header header; /* of the row, and before it of others in the same group */
    bool has_header;
    bool has_body;     /* `body` is the row's */
    struct bytes body; /* borrowed from the reader */
    bool has_event;
    struct log_event event;
};

/* The plan of the segment that comes next. 1: there is none. */
int cursor_segment(struct query_cursor *c, struct err *err);
/* The next row of that segment; 1: it has no more, and the cursor is behind it. Else as query_next. */
int cursor_next(struct query_cursor *c, struct err *err);
/* Goes on after the segment at hand. */
void cursor_skip_segment(struct query_cursor *c);

#endif
