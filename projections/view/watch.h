/* What judges read while a view reads for them: recorded for a walk, which has to know when to ask them again (walk.h).
 * Most views have no watch. */
#ifndef PROJECTIONS_VIEW_WATCH_H
#define PROJECTIONS_VIEW_WATCH_H

#include "projections/rows/row.h"

enum watch_what {
    WATCH_ROW,    /* a stored row, there or not */
    WATCH_JUDGED, /* the same, and its judge's answer */
    WATCH_RANGE,  /* the set of rows whose keys begin with this */
    WATCH_TABLE,  /* any row of the table; no key */
    WATCH_STATUS  /* the status of projections; neither table nor key */
};

struct state_view;

/* What is asked of each row of a table, alone: the answer is a small number, and depends on the row and on what is read for
 * it, nothing else. `of` is passed on. */
#define WATCH_ANSWERS 8
typedef void watch_function(void);
struct watch_question {
    int (*answer)(struct state_view *view, const struct row *row, watch_function *of, unsigned *ret, struct err *err);
    watch_function *of;
};

struct watch {
    void (*look)(struct watch *watch, enum watch_what what, size_t table, struct bytes key);
    /* The view's time was compared with this moment. */
    void (*time)(struct watch *watch, int64_t moment);
    /* Work was done that costs as much as reading this many rows. */
    void (*work)(struct watch *watch, size_t rows);
    /* The judge of a row begins; returns which judge was running before, for `end`. */
    size_t (*begin)(struct watch *watch, size_t table, struct bytes key);
    /* The judge has ended; row NULL: it failed. */
    void (*end)(struct watch *watch, size_t before, const struct row *row);
    /* How many rows of the table give each answer: only those are asked again for which something has changed. *ret_known
     * false: the judge reads them itself. NULL: it always does. */
    int (*sum)(struct watch *watch, size_t table, const struct watch_question *question, size_t ret[WATCH_ANSWERS],
               bool *ret_known, struct err *err);
};

static inline void watch_look(struct watch *watch, enum watch_what what, size_t table, struct bytes key) {
    if (watch != NULL) {
        watch->look(watch, what, table, key);
    }
}

#endif
