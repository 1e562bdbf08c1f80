/* Core: an open ledger. The handle, its tables, and the reading primitives that work within one database transaction.
 *
 * Sees: signing, event, kinds, tree, store and base. It knows neither how events are written nor what is built from
 * them.
 *
 * Begin with core.h. It lists the tables of the evidence and says, member by member, which lock guards what in the
 * handle: what is under queue.lock, what is under write.lock, what never changes after opening.
 *
 *   core        tables, views, groups, tree nodes, epochs: all that is read in one transaction
 *   questions   the small public questions: head, origin, checkpoint, cursor, epochs
 *   headfile    the copy of the head beside the database
 *   place       where a ledger lives: on which machine, in which file; a copy is refused before anything is signed
 *   config      DIR/config
 *   cursor      where a source continues; key_secret the ledger's secret that such records are keyed with
 *   lead        how far the ledger's time runs ahead of the clock
 *   author      an author's own key
 *
 * Words. View: a transaction and the head that it shows. Watch: an observer of full groups and commits. Follower: data
 * beside the evidence that starts afresh with each generation. Both are notified by callbacks that never wait. */
#ifndef LEDGER_CORE_ROOM_H
#define LEDGER_CORE_ROOM_H

#endif
