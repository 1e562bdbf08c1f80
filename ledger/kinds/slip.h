/* Inside the catalog: which known name an unknown one is near to: another case, a dash for '_', one slip (two from six
 * letters on); or else some of its words ("memory" of memory_bytes), or it with "_name" after it. Names of one or two
 * letters are near to nothing. */
#ifndef LEDGER_KINDS_SLIP_H
#define LEDGER_KINDS_SLIP_H

#include "ledger/kinds/kind.h"

#define KIND_SLIP_MAX 64 /* bytes of a name that can be a slip */

/* The letters of a name as a set: names that differ in few letters have nearly the same, which is quick to see. */
uint32_t kind_letters(struct bytes name);

/* An unknown name, held against known ones. */
struct kind_slip {
    char name[KIND_SLIP_MAX + 1]; /* as it is compared */
    uint32_t letters;
    size_t within; /* so many slips away, or fewer, is the next name that is nearer; SIZE_MAX: none can be */
    bool found;    /* a name was near */
    bool secret;   /* it says that its value is one: it is masked, and is no part of another name */
};
void kind_slip_begin(struct kind_slip *slip, struct bytes name);
/* Whether this known name, which has these letters and ends in NUL, is nearer than all before it; of those that share words
 * with it the first is. */
bool kind_slip_nearer(struct kind_slip *slip, struct bytes known, uint32_t letters);

#endif
