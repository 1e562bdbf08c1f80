/* Full groups on their way into bundles. The writer hands each group over as it fills up and continues with an empty one; a
 * second thread encodes (and above all compresses) it meanwhile; the writer takes the records back in order and puts them
 * into its transaction.
 *
 *   writer   | fill g | fill g+1       | fill g+2       | put g, g+1 | ...
 *   second            | encode g | encode g+1 |
 *
 * If the second thread has not begun a group when the writer wants it, the writer encodes it itself. So nothing depends on
 * the thread: on a machine with one processor, or when no thread can be started, the writer does all of the work. */
#ifndef LEDGER_WRITE_PACKER_H
#define LEDGER_WRITE_PACKER_H

#include "ledger/event/group.h"

struct packer;

struct packer *packer_new(void); /* NULL on no memory */
void packer_free(struct packer *packer);
/* From now on a second thread helps, if the machine has a processor for it. Costs nothing when it already does. */
void packer_start(struct packer *packer);
/* Swaps the full group for a recycled one whose content may be overwritten. There must be room. */
void packer_put(struct packer *packer, struct group **group);
bool packer_has_room(const struct packer *packer);
/* Whether a group is pending that packer_take has not returned yet; false for NULL. */
bool packer_pending(const struct packer *packer);
/* Whether the oldest pending group can be taken without waiting or encoding. */
bool packer_ready(struct packer *packer);
/* The oldest group's index and bundle record, borrowed until the next packer_put. The group is no longer pending, even if
 * this fails. */
int packer_take(struct packer *packer, uint64_t *ret_index, struct bytes *ret_record, struct err *err);
/* The group that packer_take returned last. The caller owns it until the next packer_put and may swap it for one whose
 * content may be overwritten. */
struct group **packer_taken(struct packer *packer);
/* Drops all pending groups. NULL is fine. */
void packer_clear(struct packer *packer);

#endif
