/* What judges look at while a view reads for them: noted for whoever continues with the view and has to know when to
 * ask them again (walk.h). Most views have nobody who does. */
#ifndef PROJECTIONS_VIEW_WATCH_H
#define PROJECTIONS_VIEW_WATCH_H

#include "projections/rows/row.h"

enum watch_what {
    WATCH_ROW,    /* a stored row, there or not */
    WATCH_JUDGED, /* the same, and its judge is asked as well */
    WATCH_RANGE,  /* which rows there are whose keys begin so */
    WATCH_TABLE,  /* any row of the table; no key */
    WATCH_STATUS  /* the condition of projections; neither table nor key */
};

struct watch {
    void (*look)(struct watch *watch, enum watch_what what, size_t table, struct bytes key);
    /* The time was compared with this moment. */
    void (*time)(struct watch *watch, int64_t moment);
    /* Work was done that takes as long as looking at so many rows. */
    void (*work)(struct watch *watch, size_t rows);
    /* The judge of a row begins; gives who was at work before, for `end`. */
    size_t (*begin)(struct watch *watch, size_t table, struct bytes key);
    /* It has ended; row NULL: it failed. */
    void (*end)(struct watch *watch, size_t before, const struct row *row);
};

static inline void watch_look(struct watch *watch, enum watch_what what, size_t table, struct bytes key) {
    if (watch != NULL) {
        watch->look(watch, what, table, key);
    }
}

#endif
