/* Checkpoints that cannot both be of one log: found, and printed as evidence that somebody else can check.
 *
 * Two notes signed by one log key are such evidence: of the same size with different roots by themselves; of different
 * sizes with what the larger tree's prefix is, and a consistency proof of that (RFC 6962). */
#ifndef CLI_OPEN_RIVAL_H
#define CLI_OPEN_RIVAL_H

#include "base/obj.h"
#include "cli/call/cli.h"
#include "ledger/core/core.h"
#include "ledger/trust/trust.h"

enum rival_stand {
    RIVAL_FITS,  /* the ledger begins with that tree */
    RIVAL_AHEAD, /* it knows more events than there are: the ledger was cut back or set back */
    RIVAL_FORK   /* the ledger's first events are others: a second history */
};

struct rival {
    enum rival_stand stand;
    bool is_head; /* a head of the trust file, which nobody signed */
    size_t at;    /* which one of the trust's checkpoints or heads */
    uint64_t size;
    uint8_t root[LOG_HASH];      /* the one that was known */
    uint8_t root_here[LOG_HASH]; /* RIVAL_FORK: what the ledger's first `size` events have as root ... */
    struct merkle_proof proof;   /* ... and that its head's tree begins so */
};

#define RIVALS_MAX 16
struct rivals {
    size_t n;
    struct rival rival[RIVALS_MAX];
    uint64_t size; /* of the tree that `note` is about */
    size_t note_n; /* 0: the ledger's checkpoint could not be read */
    char note[NOTE_MAX + 1];
};

/* How a known tree stands to the ledger; fills all of *ret but is_head and at. `view`: as of which head. */
int rival_compare(struct core_view *view, uint64_t size, const uint8_t root[LOG_HASH], struct rival *ret, struct err *err);
/* Adds one that does not fit, with the ledger's own newest note. What does not fit in is left out. */
void rivals_add(struct rivals *rivals, const struct rival *rival, struct bytes note, uint64_t size);
/* All that the trust knows of this ledger and that does not fit it. What cannot be read is left out. */
void rivals_find(struct ledger *ledger, const struct log_trust *trust, struct rivals *ret);

/* Prints them: what was known, then what is here. */
void rivals_print(struct cli *cli, const struct rivals *rivals, const struct log_trust *trust);
/* A list "evidence" in the object, absent when there is none. */
void rivals_put(struct obj *obj, const struct rivals *rivals, const struct log_trust *trust);

#endif
