/* States as commands read them: a view as of now or of a moment, entities found by their names, one row explained.
 *
 * Sees: call, print, open, log. Begin with asof.h (a view), then entity.h (names of rows), then explanation.h.
 *
 *   asof         opens a view; says what is stale, stopped or damaged
 *   asserted     events recorded later that are about an earlier time
 *   entity       "pack/pdf-ops-pack", "curl", "permission/tool/bash/exec": which rows are meant
 *   listing      the rows of a table: which of them, which columns, in which format
 *   explanation  what the parts of an explanation share
 *   explain      one row: its state, the reason, its fields and lists, the events that decide it
 *   explain_moved, explain_parts, explain_corrected   names that moved, related rows, corrections
 *   explain_before   what changed shortly before, and could be the cause
 *   run_summary, run_pair, run_made   why a run failed; how two runs differ; what a run was made of
 *   phrase       words of other judges, in the reader's language
 *   findings     where findings go: a table or a list of objects
 *
 * Words. An "entity" is what a row is about: a noun and its keys with '/' between. A "view" is all states as of so many
 * events. "Evidence" is the events that a row rests on. A run's "traits" are what it was made of. */
#ifndef CLI_VIEW_ROOM_H
#define CLI_VIEW_ROOM_H

#endif
