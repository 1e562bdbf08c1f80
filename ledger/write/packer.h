/* Full groups on their way into bundles. The writer hands each group over as it fills up and continues with an empty one; a
 * second thread encodes (and above all compresses) it meanwhile; the writer takes the records back in order and puts them
 * into its transaction.
 *
 *   writer   | fill g | fill g+1       | fill g+2       | put g, g+1 | ...
 *   second            | encode g | encode g+1 |
 *
 * Whatever the second thread has not begun when the writer wants it, the writer encodes itself. So nothing depends on the
 * thread: on a machine with one processor, or when none can be started, the writer does all of it. */
#ifndef LEDGER_WRITE_PACKER_H
#define LEDGER_WRITE_PACKER_H

#include "ledger/event/group.h"

struct packer;

struct packer *packer_new(void); /* NULL on no memory */
void packer_free(struct packer *packer);
/* From now on a second thread helps, if the machine has a processor for it. Costs nothing when it does already. */
void packer_start(struct packer *packer);
/* Exchanges the full group for one whose content is useless. There must be room. */
void packer_put(struct packer *packer, struct group **group);
bool packer_has_room(const struct packer *packer);
/* A group is there (not in NULL) that packer_take has not given back. */
bool packer_pending(const struct packer *packer);
/* The oldest pending group can be taken without waiting or encoding. */
bool packer_ready(struct packer *packer);
/* The oldest group's index and bundle record, borrowed until the next packer_put. Whatever its outcome, the group is no
 * longer pending. */
int packer_take(struct packer *packer, uint64_t *ret_index, struct bytes *ret_record, struct err *err);
/* The group that packer_take gave last. Until the next packer_put its owner is the caller: he may exchange it for one whose
 * content is useless. */
struct group **packer_taken(struct packer *packer);
/* Forgets all that is pending. NULL is fine. */
void packer_clear(struct packer *packer);

#endif
