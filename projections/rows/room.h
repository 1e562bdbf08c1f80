/* Rows and what holds them. Nothing here knows events, folds or storage of projections.
 *
 * Sees: base, ledger. Begin with projection.h (what a projection and its tables are), then row.h (cells, keys, bytes).
 *
 *   projection   a projection: its tables, columns and flags; which kinds of events it takes
 *   row          one row: typed cells, its key, its canonical bytes
 *   named        a row's columns by their names, for readers of other people's tables
 *   list         lists in cells and event bodies: reading them, making them
 *   rows         changed rows of one projection in memory, over a base that holds the rest
 *   hash_tree    a sorted map of which one hash vouches for every byte; hash_tree_node has its bytes, hash_tree_update
 *                changes it
 *
 * Words. A row's key is one to three texts. A cell is null when the value is unknown. "Evidence" is the cell that names the
 * events a row's state rests on. "Judged" columns are never stored: the table's judge computes them when the row is read.
 * "Dirty" rows have changed and are not stored yet. */
#ifndef PROJECTIONS_ROWS_ROOM_H
#define PROJECTIONS_ROWS_ROOM_H

#endif
