/* Which events were corrected, for commands that show them. */
#ifndef CLI_LOG_CORRECTED_H
#define CLI_LOG_CORRECTED_H

#include "cli/log/damage.h"
#include "ledger/log.h"

struct corrected_one {
    uint64_t seq, by, replaced_by; /* replaced_by: LOG_NO_SEQ if nothing replaces it */
    uint8_t leaf[LOG_HASH];        /* as the correction names it */
    bool of_eval;                  /* its kind, as the correction states it, is "eval.*" */
    char reason[208];
};

struct corrected {
    struct corrected_one *one; /* by seq */
    size_t n;
};

/* All corrections so far of events from `from` on, found by kind through the index, except unreadable ones. Where there is no
 * index, only the events after `from` are read. */
int corrected_load(struct ledger *ledger, uint64_t from, struct corrected *ret, struct err *err);
/* All corrections, for answers that depend on which events count: unreadable ones are noted in `damage`. */
int corrected_load_all(struct ledger *ledger, struct damage *damage, struct corrected *ret, struct err *err);
/* For events from elsewhere: adds the event if it is a correction. In any order; call corrected_order at the end. ERR_NOMEM. */
int corrected_add(struct corrected *corrected, const struct log_event *event, struct err *err);
void corrected_order(struct corrected *corrected);
void corrected_done(struct corrected *corrected); /* a zeroed one is fine */
/* NULL: not corrected. */
const struct corrected_one *corrected_find(const struct corrected *corrected, uint64_t seq);
/* The correction in effect as of `at` events, as for the states: the first that names the event by its leaf (decision 061).
 * *ret NULL: the event counts. Reads the event if a correction names it; an unreadable one is not corrected. */
int corrected_holds(const struct corrected *corrected, struct ledger *ledger, uint64_t seq, uint64_t at,
                    const struct corrected_one **ret, struct err *err);
/* The first that names the event by its leaf; NULL: the event counts. */
const struct corrected_one *corrected_of(const struct corrected *corrected, const struct log_event *event);
/* "corrected by event 7: wrong_subject; event 6 replaces it" */
#define CORRECTED_WORDS_MAX 320
void corrected_words(const struct corrected_one *one, char ret[CORRECTED_WORDS_MAX]);

/* The shorter mark for a table: "(corrected by event 7) "; nothing if it was not. */
void corrected_put(const struct corrected *corrected, uint64_t seq, struct buf *out);

#endif
