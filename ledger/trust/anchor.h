/* Judges whether a log is the intended one by what the verifier's caller trusts: log keys, the policy's quorum, the leaf of
 * seq 0. Comparing previously known heads is left to the caller, which has the tree. */
#ifndef LEDGER_TRUST_ANCHOR_H
#define LEDGER_TRUST_ANCHOR_H

#include "ledger/trust/trust.h"

#define ANCHOR_TEXT_MAX 480

/* What a checkpoint and its events say about their log. */
struct anchor_log {
    const char *first_origin;    /* of seq 0 */
    const struct note_vkey *log; /* the log key that seq 0 names; NULL: it could not be read */
    const uint8_t *genesis;      /* leaf of seq 0 */
    const struct note *head;     /* its newest checkpoint; NULL: it does not parse */
};

struct anchor {
    bool good;                   /* something trusted confirms it: `by` */
    bool short_of_quorum;        /* a trusted log key signed, but too few witnesses did; nothing overrides that */
    const struct note_vkey *bad; /* a trusted key with a line that does not verify, borrowed from the policy; or NULL */
    size_t cosigned;             /* witnesses of the policy that signed */
    char by[ANCHOR_TEXT_MAX];    /* what confirmed it first */
    const char *rule;            /* "T1", "T2": of docs/format.md 11 */
    char contradicts[ANCHOR_TEXT_MAX]; /* why it is another log, judged by the trusted data; empty: no contradiction */
};

/* `trust` may be NULL. */
void anchor_judge(const struct log_trust *trust, const struct anchor_log *log, struct anchor *ret);
/* Records that something else confirms it too. */
void anchor_confirm(struct anchor *anchor, const char *by);
/* The text "not anchored: ..." for a missing quorum. */
void anchor_shortage(const struct anchor *anchor, char *ret, size_t max);

#endif
