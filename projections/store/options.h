/* How states are asked for: as of when, standing on which rows, and what may be written meanwhile. */
#ifndef PROJECTIONS_STORE_OPTIONS_H
#define PROJECTIONS_STORE_OPTIONS_H

#include "ledger/log.h"
#include "projections/rows/projection.h"

#define STATE_SEGMENT    65536 /* events between two versions of a row that are kept */
#define STATE_LAG_MAX    4096  /* a view that lags more writes what it folded, where it can, before it reads */
#define STATE_SINCE_WORK (UINT64_C(1) << 21) /* rows that judges look at for one since_find: the next one continues there */

/* Which rows a view is on. */
enum state_base {
    STATE_STORED,   /* what is stored, as it is: quick, and as good as the directory's permissions */
    STATE_ATTESTED, /* what is stored and vouched for by an event under the seal (attested.h), else the events */
    STATE_EVENTS    /* the events alone */
};

struct state_options {
    enum state_base base;
    uint64_t at;     /* number of events that count, [0, at): "as of". LOG_NO_SEQ: all. More than there are: ERR_INVALID */
    uint64_t now;    /* the time that judges go by; 0: the time of the newest event that counts */
    bool no_write;   /* never writes to the derived environment */
    bool *damaged;   /* set by state_ask when it met damaged rows. May be NULL */
    bool *corrected; /* set by state_ask when it folded a correction, as everybody would until a newer root. May be NULL */
    const struct projection *const *projections; /* NULL: projection_all */
    const volatile int *stop;                    /* not 0: calls give ERR_BUSY ("interrupted"). May be NULL */
    void (*progress)(void *ctx, uint64_t done, uint64_t total); /* of opening only. May be NULL; about ten times a second */
    void *progress_ctx;
};
void state_options_init(struct state_options *options); /* all, now = 0 */

const struct projection *const *state_list_of(const struct state_options *options);

/* The sizes that the engine goes by. */
struct state_tuning {
    uint64_t segment;     /* STATE_SEGMENT; rows that were stored with another are built anew */
    uint64_t lag_max;     /* STATE_LAG_MAX */
    size_t chunk_bytes;   /* of changed rows that are stored in one transaction */
    size_t chunk_rows;    /* the same, in rows */
    uint64_t aside_min;   /* events of a chunk that is stored by a thread of its own */
    size_t overlay_bytes; /* of changed rows that a view keeps in memory */
    uint64_t since_work;  /* STATE_SINCE_WORK; 0: any number */
};
const struct state_tuning *state_tuning(void);

#endif
