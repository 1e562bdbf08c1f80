/* The member `keys`: genesis and every handover up to the head, each proven. */
#ifndef EXPORT_CUT_HANDOVERS_H
#define EXPORT_CUT_HANDOVERS_H

#include "export/cut/lines.h"

/* Writes the lines. All are from one transaction's snapshot, which must be at or past the head's size. */
int handovers_put(struct lines *lines, struct cut *cut, struct err *err);

#endif
