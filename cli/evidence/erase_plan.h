/* What an erasure would remove, found before anything is removed: which fields of which events, and what stays and
 * why. */
#ifndef CLI_EVIDENCE_ERASE_PLAN_H
#define CLI_EVIDENCE_ERASE_PLAN_H

#include "base/bytes.h"
#include "ledger/log.h"

#define ERASE_FIELDS_MAX 64 /* names at once */
#define ERASE_BAR_SEQS   8  /* the first seqs are kept */

enum erase_bar {
    ERASE_CAN,
    ERASE_NO_EVENT,   /* the log has no such seq */
    ERASE_KEPT,       /* the ledger itself rests on it */
    ERASE_SIGNED,     /* a body signed by its author */
    ERASE_GONE,       /* erased before */
    ERASE_NO_FIELD,   /* has private fields, and none of these names */
    ERASE_NO_PRIVATE, /* has none and never had any */
    ERASE_BARS
};

struct erase_item {
    uint64_t seq, fields; /* bits: which of the plan's fields it has */
    size_t n_fields;      /* to erase */
};

struct erase_plan {
    enum log_erase_what what;
    const char *const *fields; /* private fields to erase; none: all */
    size_t n_fields;
    struct erase_item *item; /* to erase, by seq; owned */
    size_t n;
    struct {
        uint64_t n, seq[ERASE_BAR_SEQS];
    } barred[ERASE_BARS]; /* not erased */
    uint64_t n_gone;      /* fields to erase */
};
/* seqs: ascending, without duplicates. The caller sets what, fields and n_fields of the plan. ERR_NOMEM, or events that
 * cannot be read. */
int erase_plan_make(struct erase_plan *plan, struct ledger *ledger, const uint64_t *seqs, size_t n, struct err *err);
void erase_plan_done(struct erase_plan *plan); /* a zeroed one is fine */

/* Erases it: one ledger.erased event for each set of fields that events have, and for each LOG_ERASE_MAX of them. `each`
 * is called after each commit. The plan supplies the events and fields of `options`. After a failure, what was passed to
 * `each` is gone. */
typedef void erase_each_fn(void *ctx, const struct log_erase_options *done, const struct log_receipt *receipt);
int erase_plan_run(const struct erase_plan *plan, struct ledger *ledger, const struct log_erase_options *options,
                   erase_each_fn *each, void *ctx, struct err *err);

/* "have no private field of that name". */
const char *erase_bar_text(const struct erase_plan *plan, enum erase_bar bar);
const char *erase_bar_name(enum erase_bar bar); /* in JSON: "no_field" */
/* Appends in words what is erased: "prompt, output of 17 events". */
void erase_plan_words(const struct erase_plan *plan, uint64_t fields, uint64_t events, struct buf *out);

#endif
