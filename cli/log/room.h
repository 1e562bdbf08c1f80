/* Questions to the log that several commands share: which events, what is damaged, corrected or erased, what led to what.
 *
 * Sees: call, print, open. Begin with ask.h (conditions from the command line), then tree.h (events as a tree).
 *
 *   ask, grep, expression  --kind, --since, --grep, --where: as terms of a query or as SQL
 *   damage                 events that could not be read, each range reported once
 *   kind_events            all events of one kind
 *   corrected, erased      which events were corrected or erased, and by which
 *   tree, tree_node, tree_load   events by what led to what: causes, calls, spans, runs
 *   tier_count             how many tool calls have no tier
 *   seqs                   events selected on the command line
 *
 * Words. The "source's clock" says when something happened, the "ledger's clock" when it was recorded. "Damage" is
 * evidence that cannot be read: an answer continues without it, reports it, and ends with exit code 30. */
#ifndef CLI_LOG_ROOM_H
#define CLI_LOG_ROOM_H

#endif
