/* What several commands ask of the log: which events, what is damaged, what was corrected or erased, what led to what.
 *
 * Sees: call, print, open. Begin with ask.h (conditions from the command line), then tree.h (events as a tree).
 *
 *   ask, grep, expression  --kind, --since, --grep, --where: as terms of a query or as SQL
 *   damage                 events that could not be read, each range said once
 *   kind_events            all events of one kind
 *   corrected, erased      which events were corrected or erased, and by which
 *   tree, tree_node, tree_load   events by what led to what: causes, calls, spans, runs
 *   tier_count             how many tool calls have no tier
 *   seqs                   events that a command line chooses
 *
 * Words. The "source's clock" says when something happened, the "ledger's clock" when it was recorded. "Damage" is
 * evidence that cannot be read: an answer continues without it, says so, and ends in exit code 30. */
#ifndef CLI_LOG_ROOM_H
#define CLI_LOG_ROOM_H

#endif
