/* Options for reading states: as of when, based on which rows, and what may be written meanwhile. */
#ifndef PROJECTIONS_STORE_OPTIONS_H
#define PROJECTIONS_STORE_OPTIONS_H

#include "ledger/log.h"
#include "projections/rows/projection.h"

#define STATE_SEGMENT 65536 /* events between two kept versions of a row */
#define STATE_LAG_MAX 4096  /* a view that lags more stores what it folded, if it can, before it reads */
#define STATE_SINCE_WORK                                                                                                   \
    (UINT64_C(1) << 21) /* rows that judges may read for one since_find; the next one continues there */

/* Which rows a view is based on. */
enum state_base {
    STATE_STORED,   /* stored rows, unchecked: fast, and as trustworthy as the directory's permissions */
    STATE_ATTESTED, /* stored rows that an event under the seal vouches for (attested.h), else the events */
    STATE_EVENTS    /* the events alone */
};

/* What a judge cannot see for itself: whether the files of a pack are those that were installed, as its row has their digests.
 * True: they are not, as `ret` says. */
#define STATE_FILES_WORDS 200
struct row;
typedef bool state_files_fn(void *ctx, const struct row *pack, char ret[STATE_FILES_WORDS]);

struct state_options {
    enum state_base base;
    uint64_t at;   /* number of events that count, [0, at): "as of". LOG_NO_SEQ: all. More than there are: ERR_INVALID */
    uint64_t now;  /* the time judges use; 0: the time of the newest event that counts */
    bool no_write; /* never writes to the derived environment */
    bool *damaged; /* set by state_ask when it found damaged rows. May be NULL */
    bool *
        corrected; /* set by state_ask when it folded a correction, as each reader will until there is a newer root. May be NULL */
    const struct projection *const *projections; /* NULL: projection_all */
    state_files_fn *pack_files;                  /* NULL: files cannot be seen, and are taken to be unchanged */
    void *pack_files_ctx;
    const volatile int *stop; /* not 0: calls give ERR_BUSY ("interrupted"). May be NULL */
    void (*progress)(void *ctx, uint64_t done, uint64_t total); /* of opening only. May be NULL; about ten times a second */
    void *progress_ctx;
};
void state_options_init(struct state_options *options); /* all, now = 0 */
/* All, as of this moment: now is the wall clock, or the newest event's time where that is later. What is about to act asks so;
 * with now = 0 a permission that has ended still holds until something else is recorded. */
int state_options_present(struct ledger *ledger, struct state_options *options, struct err *err);

const struct projection *const *state_list_of(const struct state_options *options);

/* The sizes that the engine uses. */
struct state_tuning {
    uint64_t segment;     /* STATE_SEGMENT; rows stored with another size are rebuilt */
    uint64_t lag_max;     /* STATE_LAG_MAX */
    size_t chunk_bytes;   /* of changed rows stored in one transaction */
    size_t chunk_rows;    /* the same, in rows */
    uint64_t aside_min;   /* events from which on a chunk is stored by a second thread */
    size_t overlay_bytes; /* of changed rows that a view keeps in memory */
    uint64_t since_work;  /* STATE_SINCE_WORK; 0: any number */
};
const struct state_tuning *state_tuning(void);

#endif
