/* Output to a terminal or a pipe: text that cannot control a terminal, JSON, tables, failures.
 *
 * Sees: call. Begin with say.h, which every command uses (failures, notes, an answer as JSON), then out.h.
 *
 *   out                      the only file that writes to standard output and standard error; colour, progress
 *   say                      failures with their exit codes, notes, one object, one file
 *   table                    columns that fit the terminal
 *   rows                     answers of many rows: table, JSON, JSON lines, CSV, MessagePack
 *   fact                     facts of an answer, described once for lines, tables and JSON
 *   junit                    JUnit XML, as build servers read it
 *   cell                     values of states as cells
 *   pick                     which fields of events a row shows
 *   summary                  a body on one line
 *   words                    words in the reader's language
 *   when                     points in time and lengths of time, read and written
 *   pager, confirm, receipt  long answers; confirmation; what an append returns
 *
 * Words. "Safe" text has no control characters left. A "note" is for people and silent with --json; a "warning" is never
 * silent. A "cell" is one value of a row. */
#ifndef CLI_PRINT_ROOM_H
#define CLI_PRINT_ROOM_H

#endif
