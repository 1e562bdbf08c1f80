/* What a tree keeps of an event: names, outcome, duration, and the rest in a line. */
#ifndef CLI_TREE_EVENT_H
#define CLI_TREE_EVENT_H

#include "cli/tree.h"

/* Texts go to `text`; its failure is the caller's to check. */
void tree_event_read(const struct ledger_event *event, struct tree_node *node, struct buf *text);
struct tree_text tree_event_text(struct buf *text, struct bytes from);

#endif
