/* Write: how an event gets into the log, from a draft to a durable commit under a signature.
 *
 * Sees: dedup, read, core and the rooms before them. It knows nothing of derived data: no index, no projection, no
 * derived environment (decision 070). Followers are notified by callbacks (core.h) that cannot block.
 *
 * Begin with docs/design.md, "How data flows", then commit.c, whose first comment is the order of one commit.
 *
 *   batch         drafts, checked and encoded as far as possible before any lock is taken
 *   cursors       where sources continue, stored with a batch
 *   commit_share  threads that append at the same time share one commit; log_append and
 *                 log_batch_commit are here
 *   commit        the flow under the write lock; commit.h has the state that its steps share
 *   commit_event  one event      commit_group  groups, tail, tiles      commit_keys   duplicates and conditions
 *   commit_seal   clock gaps, rotation, checkpoint, head                commit_erase  erased content
 *   packer        full groups are compressed on a second thread
 *   guard         a judgement inside the commit, on which a batch depends
 *   corrected     an event that says another one was a mistake
 *   artifact      files stored by their content
 *
 * Words. Draft: an event that is not written yet. Request: what one caller wants committed. Leader: the thread that
 * commits for all that wait. Receipt: what the caller gets. Control: an event that the ledger writes about itself. */
#ifndef LEDGER_WRITE_ROOM_H
#define LEDGER_WRITE_ROOM_H

#endif
