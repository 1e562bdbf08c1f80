/* From events to folds: a pass over the log in which each event is prepared once and given to the projections that take its
 * kind.
 *
 * The newest events, in the incomplete group, are read one by one from a snapshot and checked as a chain from a known leaf
 * to the head; all others are read by whole groups and checked against the tree. */
#ifndef PROJECTIONS_FOLD_REPLAY_H
#define PROJECTIONS_FOLD_REPLAY_H

#include "ledger/core/core.h"
#include "projections/fold/run.h"

#define REPLAY_FAILED_MAX 256

/* An event that was a mistake. */
struct correction {
    uint64_t seq, by;
    char *kind; /* of the event */
};

/* One projection being folded. */
struct replay_part {
    const struct projection *projection;
    struct rows *rows;      /* borrowed */
    struct fold *fold;      /* borrowed; over these rows */
    uint64_t position;      /* events it has folded; it continues there */
    uint8_t leaf[LOG_HASH]; /* of event position - 1; zero at 0 */
    bool stopped;           /* folding event failed_seq == position failed */
    uint64_t failed_seq;    /* LOG_NO_SEQ: it did not fail */
    char failed[REPLAY_FAILED_MAX];
    const struct correction *skip; /* events to skip; borrowed, NULL: none */
    size_t n_skip;
};

struct replay_limits {
    size_t bytes_max, rows_max; /* of all parts: the pass ends early when this much is in memory; 0: no limit */
    const volatile int *stop;   /* not 0: ERR_BUSY. May be NULL */
    void (*progress)(void *ctx, uint64_t done); /* events folded in this pass; often. May be NULL */
    void *progress_ctx;
};

/* Called for each event that some part takes: before it is folded, when all rows are as of it, and after. A failure ends
 * the pass. */
struct replay_watch {
    void *ctx;
    int (*before)(void *ctx, const struct log_event *event, struct err *err);
    int (*after)(void *ctx, const struct log_event *event, uint64_t at, struct err *err); /* at: as fold_when has it */
};

/* What events of some kind do to the rows of all parts, before they are given to the parts that take them. `state` belongs
 * to the pass; NULL at first. */
struct replay_effect {
    bool (*is)(struct bytes kind);
    /* Prepares the effect for these parts, which have not folded the event yet. An error of err_is_damage is about the
     * log. */
    int (*prepare)(void **state, struct ledger *ledger, uint64_t size, const struct log_event *event,
                   struct replay_part *const *parts, size_t n, struct err *err);
    /* Applies it to one part. 1: the part cannot continue, *ret_why says why. */
    int (*apply)(void *state, const struct log_event *event, struct replay_part *part, struct err *ret_why,
                 struct err *err);
    void (*close)(void *state); /* NULL is fine */
};

struct replay;
/* `effect`: correct_effect (correct.h) for callers that keep rows; NULL: its events are treated like others. */
int replay_open(struct ledger *ledger, const struct replay_effect *effect, struct replay **ret, struct err *err);
void replay_close(struct replay *replay);          /* NULL is fine */
uint64_t replay_size(const struct replay *replay); /* of the log, when it was opened */
/* Whether rows stored beside this generation of the evidence may be read by a reader that began before it was opened: they
 * then hold nothing that was erased. */
bool replay_may_read(const struct replay *replay, uint64_t generation);
/* Leaf of event size - 1, and its time; either may be NULL. Zero at size 0. */
int replay_leaf(struct replay *replay, uint64_t size, uint8_t ret[LOG_HASH], uint64_t *ret_time, struct err *err);
/* Leaf and kind of event seq; the kind is the caller's. */
int replay_kind(struct replay *replay, uint64_t seq, uint8_t ret_leaf[LOG_HASH], char **ret_kind, struct err *err);
/* Whether that leaf is this one; false beyond the log's end. */
int replay_same(struct replay *replay, uint64_t size, const uint8_t leaf[LOG_HASH], bool *ret, struct err *err);

/* Passes will continue up to there: events can be read ahead. */
void replay_expect(struct replay *replay, uint64_t until);
/* NULL: none, as at first. Borrowed. */
void replay_watch(struct replay *replay, const struct replay_watch *watch);
bool replay_affected(const struct replay *replay); /* it has met an event with that effect */
/* At most PROJECTIONS_MAX; borrowed until the next call or close. */
void replay_parts(struct replay *replay, struct replay_part *const *parts, size_t n);
/* Folds up to `to`, or until a limit is reached: *ret_to, which every part that is not stopped has then reached. Parts that
 * are further ahead stay there. A part that cannot take an event stops, the others continue. On ERR_CORRUPT and
 * ERR_TAMPERED the log cannot be read at replay_damaged: the parts have folded what is before it. After other failures the
 * parts are unusable. */
int replay_run(struct replay *replay, uint64_t to, const struct replay_limits *limits, uint64_t *ret_to, struct err *err);
uint64_t replay_damaged(const struct replay *replay); /* LOG_NO_SEQ: nothing was found */

#endif
