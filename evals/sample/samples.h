/* All samples of an evaluation, as the log has them. Only events of its newest eval.started on are read: an id that was
 * started anew has a new run; and only those of the source and grade that the start has: who began it says what came of it.
 * Corrected events do not count. Of an erased event nothing is known but that it was there. */
#ifndef EVALS_SAMPLE_SAMPLES_H
#define EVALS_SAMPLE_SAMPLES_H

#include "base/arena.h"
#include "base/mp.h"
#include "evals/sample/sample.h"

#define SAMPLES_MAX 2000000

struct samples {
    struct sample *all; /* in sample_order; one of each */
    size_t n;
    uint64_t started;    /* seq of the newest eval.started; SAMPLE_ABSENT: there is none, and all of that subject is read */
    uint64_t erased;     /* events whose content was erased: of which case they are is not known */
    uint64_t corrected;  /* events that do not count: corrected, or named by eval.invalidated */
    uint64_t foreign;    /* events of another source or grade than the start's */
    uint64_t repeated;   /* events of a case and repeat whose outcome an earlier one says */
    uint64_t unreadable; /* events that are no sample of a case: they have no name */
    struct arena texts;  /* what the samples borrow */
};

/* By task, case id, filter (bytewise) and repeat; of one repeat, what is known before what is not, then the earlier first. For
 * qsort. */
int sample_order(const void *a, const void *b);
/* Sorts and leaves one of each task, case, filter and repeat: the first that is known, so that a case is not run until it passes;
 * an error gives way to a later outcome. *n: how many are left; returns how many were dropped. */
uint64_t samples_settle(struct sample *all, size_t *n);
/* The samples of a task and case: returns the first, *ret_n of them; NULL: none. */
const struct sample *samples_find(const struct sample *all, size_t n, struct bytes task, struct bytes id, size_t *ret_n);

/* Reads the samples of eval/<id>. `proven`: takes no word of derived data that the log key does not vouch for: for gates.
 * Damage of events that may be samples is an error. ERR_LIMIT: more than SAMPLES_MAX. *ret is always initialised: call
 * samples_done. */
int samples_read(struct ledger *ledger, struct bytes eval, bool proven, struct samples *ret, struct err *err);
/* The same from the start at `started` on, whatever started the id anew since. */
int samples_read_from(struct ledger *ledger, struct bytes eval, uint64_t started, bool proven, struct samples *ret,
                      struct err *err);
/* As of the first `until` events, for showing: no word is proven. */
int samples_read_until(struct ledger *ledger, struct bytes eval, uint64_t until, struct samples *ret, struct err *err);
void samples_done(struct samples *samples);

/* The tags of one sample's case, in the order of the event. */
struct sample_tags {
    struct mp_reader reader;
    uint32_t left;
};
void sample_tags_open(struct sample_tags *tags, const struct sample *sample);
bool sample_tag_next(struct sample_tags *tags, struct bytes *ret);
bool sample_has_tag(const struct sample *sample, struct bytes tag); /* "": it has none */

/* All tags that there are, sorted, each once; "" is first if a sample has none. */
struct samples_tags {
    struct bytes *tags; /* owned; the texts are borrowed from the samples */
    size_t n;
};
/* Adds those of these samples. The caller frees `tags`, also after a failure. ERR_NOMEM. */
int samples_tags(const struct sample *samples, size_t n, struct samples_tags *all, struct err *err);

#endif
