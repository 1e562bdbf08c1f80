/* What ledger.created, ledger.key_rotated and ledger.restored must say (docs/format.md 8, and its rules F15 to F25): one
 * judgement for who reads a whole ledger, an excerpt of it, or a single event. */
#ifndef LEDGER_SIGNING_EPOCH_H
#define LEDGER_SIGNING_EPOCH_H

#include "ledger/event/event.h"
#include "ledger/tree/note.h"

#define EPOCH_ORIGIN_MAX (NOTE_NAME_MAX - 32) /* bytes of a first origin: "/r<n>" and "/epoch" follow it */

/* What is known where the event stands. */
struct epoch_place {
    uint64_t seq;
    uint64_t number;     /* of the epoch that begins with it; LOG_NO_SEQ: not known */
    const char *first;   /* the log's first origin; NULL: not known. Neither counts for ledger.created */
    const char *now;     /* its origin until here; NULL: not known */
    const uint8_t *root; /* of the tree of the events before it; NULL: not known */
};

struct epoch_said {
    bool restored;
    struct note_vkey log; /* of ledger.created alone */
    struct note_vkey key; /* of the epoch that begins */
    char origin[NOTE_NAME_MAX + 1];
};

struct epoch_fault {
    const char *rule; /* "F19" */
    char text[2 * NOTE_NAME_MAX + 160];
};

/* It is one of the three kinds. */
bool epoch_is_kind(struct bytes kind);
/* One of the kinds whose content is never erased. */
bool epoch_is_kept(struct bytes kind);
/* Judges an event of one of the three kinds by what it says; `body` is a canonical map. 0: as it should be. 1: not so, the
 * first thing that is wrong is in *ret_fault, and *ret is filled all the same. ERR_CORRUPT: so wrong that nothing can
 * follow from it; *ret is not filled. That the key is new is the caller's to judge (epoch_same_key). */
int epoch_judge(struct bytes kind, struct bytes body, const struct epoch_place *place, struct epoch_said *ret,
                struct epoch_fault *ret_fault);
/* The same public key, whatever its name. */
bool epoch_same_key(const struct note_vkey *a, const struct note_vkey *b);
/* The first origin of a log that now has this one, if it was ever restored: without "/r<n>" at its end. */
struct bytes epoch_first_origin(struct bytes origin);
/* The n of "<first>/r<n>"; 0 for `first` itself. False: it is neither. */
bool epoch_restore_number(struct bytes origin, const char *first, uint64_t *ret);

#endif
