/* SQL over the log: SQLite as the engine, with read-only virtual tables. These files alone include its headers.
 *
 * Sees: projections, ledger, base and all rooms of query. Begin with sql.h (the contract), then state.h and table.c.
 *
 *   sql         a connection: prepare, run, limits, words for failures
 *   state       what one connection has met; the ledger after it
 *   table       the table events: conditions and orders that are taken over from SQLite
 *   conditions  what they are worth, and their values
 *   cursor      rows for SQLite
 *   column      the columns of events
 *   states      a table for each table of states
 *   function, quantile   body_get, ts, ago, ...; quantile, median, ...
 *   guard       reading only, within time and memory
 *   temp        a database in memory, which opens no file
 *   words       what was wrong with a statement, and the nearest name
 *   library     libsqlite3, loaded at the first statement; extension, pool: inside the sqlite3 shell
 *
 * Words. A condition is "pushed" when the index serves it; a "point" is one event by its sequence number; "damage" is
 * what could not be read, told with the answer. */
#ifndef QUERY_SQL_ROOM_H
#define QUERY_SQL_ROOM_H

#endif
