/* Which events were corrected, for whoever shows them. */
#ifndef CLI_LOG_CORRECTED_H
#define CLI_LOG_CORRECTED_H

#include "cli/log/damage.h"
#include "ledger/log.h"

struct corrected_one {
    uint64_t seq, by, replaced_by; /* replaced_by: LOG_NO_SEQ: nothing replaces it */
    uint8_t leaf[LOG_HASH];        /* that it names */
    bool of_eval;                  /* its kind, as the correction has it: "eval.*" */
    char reason[208];
};

struct corrected {
    struct corrected_one *one; /* by seq */
    size_t n;
};

/* All that are known now, found by their kind through the index; but for those that cannot be read. Of
 * events from `from` on alone: where the index does not reach, only what comes after them is walked. */
int corrected_load(struct ledger *ledger, uint64_t from, struct corrected *ret, struct err *err);
/* All of them, for an answer that depends on which events count: those that cannot be read are noted in `damage`. */
int corrected_load_all(struct ledger *ledger, struct damage *damage, struct corrected *ret, struct err *err);
/* Of events that come from elsewhere: adds one that is a correction and says of what; in any order, corrected_order at the
 * end. ERR_NOMEM. */
int corrected_add(struct corrected *corrected, const struct log_event *event, struct err *err);
void corrected_order(struct corrected *corrected);
void corrected_done(struct corrected *corrected); /* a zeroed one is fine */
/* NULL: it was not corrected. */
const struct corrected_one *corrected_find(const struct corrected *corrected, uint64_t seq);
/* The one that holds as of `at` events, as the states heed them: the first that names the event by its leaf (decision 061).
 * *ret NULL: the event counts. Reads the event when it is named at all; one that cannot be read is not corrected. */
int corrected_holds(const struct corrected *corrected, struct ledger *ledger, uint64_t seq, uint64_t at,
                    const struct corrected_one **ret, struct err *err);
/* The first that names the event by its leaf; NULL: the event counts. */
const struct corrected_one *corrected_of(const struct corrected *corrected, const struct log_event *event);
/* "corrected by event 7: wrong_subject; event 6 replaces it" */
#define CORRECTED_WORDS_MAX 320
void corrected_words(const struct corrected_one *one, char ret[CORRECTED_WORDS_MAX]);

/* The shorter mark in a table: "(corrected by event 7) ", nothing when it was not. */
void corrected_put(const struct corrected *corrected, uint64_t seq, struct buf *out);

#endif
