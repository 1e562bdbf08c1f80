/* Key segments in derived data: opened, compared with the evidence and built by the keeper's thread. */
#ifndef LEDGER_DERIVED_SEGMENTS_KEEP_H
#define LEDGER_DERIVED_SEGMENTS_KEEP_H

#include <stdbool.h>

struct ledger;

/* Sets ledger->segments: opens derived data, makes it, or makes it anew when it is unreadable; then builds the segments
 * that commits have completed. The keeper's work (keeper.h). */
int segments_keep(struct ledger *ledger, bool last);

#endif
