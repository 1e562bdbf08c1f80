/* What ledger.created, ledger.key_rotated and ledger.restored must say (docs/format.md 8, and its rules F15 to F25): the
 * same judgement for a whole ledger, an excerpt of it, or a single event. */
#ifndef LEDGER_SIGNING_EPOCH_H
#define LEDGER_SIGNING_EPOCH_H

#include "ledger/event/event.h"
#include "ledger/tree/note.h"

#define EPOCH_ORIGIN_MAX (NOTE_NAME_MAX - 32) /* bytes of a first origin: "/r<n>" and "/epoch" follow it */

/* What is known at the event's position. */
struct epoch_place {
    uint64_t seq;
    uint64_t number;     /* of the epoch that begins with it; LOG_NO_SEQ: unknown */
    const char *first;   /* the log's first origin; NULL: unknown. Both are ignored for ledger.created */
    const char *now;     /* its origin up to here; NULL: unknown */
    const uint8_t *root; /* of the tree of the events before it; NULL: unknown */
};

struct epoch_said {
    bool restored;
    struct note_vkey log; /* of ledger.created only */
    struct note_vkey key; /* of the epoch that begins */
    char origin[NOTE_NAME_MAX + 1];
};

struct epoch_fault {
    const char *rule; /* "F19" */
    char text[2 * NOTE_NAME_MAX + 160];
};

/* Whether the kind is one of the three. */
bool epoch_is_kind(struct bytes kind);
/* Whether content of this kind is never erased. */
bool epoch_is_kept(struct bytes kind);
/* Judges an event of one of the three kinds by what it says; `body` is a canonical map. 0: correct. 1: wrong, *ret_fault
 * has the first fault, and *ret is filled nevertheless. ERR_CORRUPT: too wrong to use; *ret is not filled. The caller
 * checks that the key is new (epoch_same_key). */
int epoch_judge(struct bytes kind, struct bytes body, const struct epoch_place *place, struct epoch_said *ret,
                struct epoch_fault *ret_fault);
/* Whether the public keys are the same; names are ignored. */
bool epoch_same_key(const struct note_vkey *a, const struct note_vkey *b);
/* The first origin of a log that now has this one: without the "/r<n>" that a restore appends. */
struct bytes epoch_first_origin(struct bytes origin);
/* The n of "<first>/r<n>"; 0 for `first` itself. False: the origin is neither. */
bool epoch_restore_number(struct bytes origin, const char *first, uint64_t *ret);

#endif
