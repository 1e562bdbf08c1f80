/* The member `keys`: genesis and every handover up to the head, each proven. */
#ifndef EXPORT_CUT_HANDOVERS_H
#define EXPORT_CUT_HANDOVERS_H

#include "export/cut/lines.h"

/* Puts the lines; one transaction's snapshot, in which the head's size must be below or at its own. */
int handovers_put(struct lines *lines, struct cut *cut, struct err *err);

#endif
