/* Events that are written in one commit, if each of them is legal in the states inside the write transaction. */
#ifndef PACKS_RUN_JOURNAL_H
#define PACKS_RUN_JOURNAL_H

#include "base/mp_map.h"
#include "projections/decide/decide.h"

#define JOURNAL_MAX  64 /* events at once */
#define JOURNAL_BODY ((size_t)1 << 20)

enum journal_guard {
    JOURNAL_FACT, /* it happened: written whatever the states say */
    JOURNAL_STEP  /* written only if it is legal, and with it everything else */
};

struct journal_entry {
    struct log_draft draft;
    struct buf subject, body, private_;
    enum journal_guard guard;
};

/* A condition besides those of the events, in the same states; `ret` says no or stays as it is. May write nothing. */
typedef int journal_also_fn(void *ctx, struct state_view *view, struct decision *ret, struct err *err);

struct journal {
    struct ledger *ledger;
    struct bytes run, actor; /* of every event; borrowed */
    struct journal_entry entry[JOURNAL_MAX];
    size_t n;
    journal_also_fn *also; /* may be NULL; forgotten at the commit */
    void *also_ctx;
    struct decision decision; /* of the last commit */
    uint64_t seq[JOURNAL_MAX];
};

struct journal_event {
    const char *kind, *noun; /* "run.step", "run" */
    struct bytes name;       /* of the subject, after NOUN/ */
    enum journal_guard guard;
    const char *grade; /* NULL: measured */
    const char *key;   /* NULL: one is made */
    uint64_t cause;    /* a seq; LOG_NO_SEQ: none */
    size_t after;      /* the number of an earlier event of this commit that led to it; SIZE_MAX: none */
    struct bytes raw;  /* the body, when no map is given: a canonical map */
};

void journal_init(struct journal *journal, struct ledger *ledger, struct bytes run, struct bytes actor);
void journal_done(struct journal *journal);
/* Adds an event; `body` and `private_` (may be NULL) are written and cleared. *ret (may be NULL): its number. */
int journal_add(struct journal *journal, const struct journal_event *event, struct mp_map *body, struct mp_map *private_,
                size_t *ret, struct err *err);
/* Writes them all and forgets them; journal->seq has their numbers. ERR_CONFLICT: something is not legal;
 * journal->decision says what and by which events, and nothing was written. */
int journal_commit(struct journal *journal, struct err *err);
void journal_drop(struct journal *journal);
/* Appends "reason (event 4, event 9)". */
void journal_words(const struct decision *decision, struct buf *out);

#endif
