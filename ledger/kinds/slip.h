/* Inside the catalog: finds the known name that an unknown one is near. It differs in case, has a dash for '_' or one slip
 * (two from six letters on); or else it is some of the known name's words ("memory" for memory_bytes), or that name
 * followed by "_name". Names of one or two letters are near no other. */
#ifndef LEDGER_KINDS_SLIP_H
#define LEDGER_KINDS_SLIP_H

#include "ledger/kinds/kind.h"

#define KIND_SLIP_MAX 64 /* bytes of a name that can be a slip */

/* The letters of a name as a set: names that differ in few letters have nearly the same set, which is quick to test. */
uint32_t kind_letters(struct bytes name);

/* An unknown name, compared with known ones. */
struct kind_slip {
    char name[KIND_SLIP_MAX + 1]; /* in the form in which names are compared */
    uint32_t letters;
    size_t within; /* a name at most this many slips away is nearer; SIZE_MAX: none can be */
    bool found;    /* a name was near */
    bool secret;   /* it says that its value is one, which is masked; it does not count as a part of another name */
};
void kind_slip_begin(struct kind_slip *slip, struct bytes name);
/* Whether this known name, which has these letters and ends in NUL, is nearer than all before it; among names that only
 * share words with it, the first one is. */
bool kind_slip_nearer(struct kind_slip *slip, struct bytes known, uint32_t letters);

#endif
