/* What goes to the terminal or into a pipe: text that cannot steer a terminal, JSON, tables, failures.
 *
 * Sees: call. Begin with say.h, which every command uses (failures, remarks, an answer as JSON), then out.h.
 *
 *   out                      the only file that writes to standard output and standard error; colour, progress
 *   say                      failures with their exit codes, remarks, one object, one file
 *   table                    columns that fit the terminal
 *   rows                     answers of many rows: table, JSON, JSON lines, CSV, MessagePack
 *   fact                     facts of an answer, described once for lines, tables and JSON
 *   cell                     values of states as cells
 *   pick                     which fields of events a row shows
 *   summary                  a body in one line
 *   when                     points in time and lengths of time, read and written
 *   pager, confirm, receipt  long answers; "type yes"; what an append returns
 *
 * Words. "Safe" text has nothing left that a terminal would obey. A "note" is for people and silent with --json; a
 * "warning" is never silent. A "cell" is one value of a row. */
#ifndef CLI_PRINT_ROOM_H
#define CLI_PRINT_ROOM_H

#endif
