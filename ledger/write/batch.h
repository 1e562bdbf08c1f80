/* A batch's insides: drafts that were checked and encoded as far as possible before the write lock is taken. */
#ifndef LEDGER_WRITE_BATCH_H
#define LEDGER_WRITE_BATCH_H

#include "base/memo.h"
#include "ledger/core/core.h"
#include "ledger/kinds/sort.h"
#include "ledger/write/cursors.h"

struct batch_entry {
    struct {
        size_t at, n;
    } head, key, payload, private_, subject, cause_key; /* in the arena: msgpack elements kind..run; msgpack key; payload;
                                                           private map; the subject's text; the text of the cause's key */
    uint8_t event_salt[EVENT_HASH], private_commit[EVENT_HASH];
    bool has_private;
    uint64_t key_hash, author_hash, cause_hash; /* 0: no key; not signed; no cause by key */
    enum log_cause cause_type;
    uint64_t cause, none_after;
    uint32_t masked;
};

#define BATCH_SALTS 16

/* Makes the events of a large batch cheaper. Most texts of an event repeat those of an earlier one, and were judged then;
 * random bytes are drawn in portions. */
struct batch_memo {
    struct kind_memo fields;
    struct batch_text {
        uint16_t n; /* 0: none */
        uint8_t p[EVENT_SUBJECT_MAX];
    } subject, actor, source, run;
    struct memo header; /* texts of earlier headers: events of many runs take turns */
    size_t n_salts;     /* not used yet, the last ones */
    uint8_t salts[BATCH_SALTS][EVENT_HASH];
};

struct log_batch {
    struct ledger *ledger;
    struct buf arena;    /* what the entries point into */
    struct buf scratch;  /* sorted body */
    struct buf private_; /* sorted private fields */
    struct batch_entry *entry;
    size_t n, cap;
    size_t tried;            /* drafts since it was made */
    struct batch_memo *memo; /* NULL before the fifth draft */
    struct batch_cursors cursors;
    struct log_batch *spare_after; /* the next of the batches that log_append keeps */
    bool control;                  /* may use the reserved part of the quota */
    /* Its guard (guard.h); NULL: none. */
    int (*judge)(void *ctx, uint64_t size, struct err *err);
    void *judge_ctx;
};

/* Why something was done, in a few words that stay for ever: 1 to 200 bytes of UTF-8 without control characters.
 * ERR_INVALID, ERR_LIMIT. */
#define BATCH_REASON_MAX 200
int batch_reason_check(const char *reason, struct err *err);
struct bytes batch_bytes(const struct log_batch *batch, size_t at, size_t n);
/* Like log_batch_add without the rules for what callers may write: the ledger's own kinds are accepted, and subjects, field
 * names and members of maps are taken as given. */
int batch_add_control(struct log_batch *batch, const struct log_draft *draft, struct err *err);
/* What the ledger says about itself. */
struct batch_own {
    const char *kind, *actor, *source;
    const char *subject;               /* NULL: the ledger, "ledger/<origin>" */
    const struct buf *body, *private_; /* private_ may be NULL */
};
/* A new batch with only this event. */
int batch_new_own(struct ledger *ledger, const struct batch_own *own, struct log_batch **ret, struct err *err);
/* log_draft_check; with `control`, by the rules of batch_add_control. */
int batch_check(const struct log_draft *draft, bool control, struct buf *ret_body, struct buf *ret_private,
                uint32_t *ret_masked, struct err *err);

#endif
