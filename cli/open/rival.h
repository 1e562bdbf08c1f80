/* Checkpoints that contradict each other, printed as evidence that others can check.
 *
 * Two notes signed by one log key are such evidence: by themselves if they have the same size and different roots; if the
 * sizes differ, together with the root of the larger tree's prefix and a consistency proof for it (RFC 6962). */
#ifndef CLI_OPEN_RIVAL_H
#define CLI_OPEN_RIVAL_H

#include "base/obj.h"
#include "cli/call/cli.h"
#include "ledger/core/core.h"
#include "ledger/trust/trust.h"

enum rival_stand {
    RIVAL_FITS,  /* the ledger begins with that tree */
    RIVAL_AHEAD, /* it has more events than the ledger, which was cut back or set back */
    RIVAL_FORK   /* the ledger's first events differ: a second history */
};

struct rival {
    enum rival_stand stand;
    bool is_head; /* a head of the trust file, which nobody signed */
    size_t at;    /* index into the trust's checkpoints or heads */
    uint64_t size;
    uint8_t root[LOG_HASH];      /* as known */
    uint8_t root_here[LOG_HASH]; /* RIVAL_FORK: the root of the ledger's first `size` events ... */
    struct merkle_proof proof;   /* ... and the proof that its head's tree begins with them */
};

#define RIVALS_MAX 16
struct rivals {
    size_t n;
    struct rival rival[RIVALS_MAX];
    uint64_t size; /* of the tree in `note` */
    size_t note_n; /* 0: the ledger's checkpoint could not be read */
    char note[NOTE_MAX + 1];
};

/* Compares a known tree with the ledger as of `view`; fills all of *ret except is_head and at. */
int rival_compare(struct core_view *view, uint64_t size, const uint8_t root[LOG_HASH], struct rival *ret, struct err *err);
/* Adds a contradicting one, with the ledger's own newest note. Dropped if there is no room. */
void rivals_add(struct rivals *rivals, const struct rival *rival, struct bytes note, uint64_t size);
/* Adds everything in the trust that contradicts this ledger. What cannot be read is left out. */
void rivals_find(struct ledger *ledger, const struct log_trust *trust, struct rivals *ret);

/* Prints them: what was known, then what the ledger has. */
void rivals_print(struct cli *cli, const struct rivals *rivals, const struct log_trust *trust);
/* Adds the list "evidence", unless it is empty. */
void rivals_put(struct obj *obj, const struct rivals *rivals, const struct log_trust *trust);

#endif
