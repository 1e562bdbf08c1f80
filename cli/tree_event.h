/* What a tree keeps of an event: names, outcome, duration, and the rest in a line. */
#ifndef CLI_TREE_EVENT_H
#define CLI_TREE_EVENT_H

#include "cli/tree.h"
#include "ledger/tool_rule.h"

/* Texts go to `text`; its failure is the caller's to check. */
void tree_event_read(const struct ledger_event *event, struct tree_node *node, struct buf *text);
struct tree_text tree_event_text(struct buf *text, struct bytes from);

/* The call of a node that has a tool. Borrowed from the tree's memory. */
void tree_event_call(const struct tree *tree, const struct tree_node *node, struct tool_call *ret);

#endif
