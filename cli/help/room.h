/* Commands about the program itself: help, version, and the catalog of kinds.
 *
 * Sees: call, print, open, log, view, act; not the commands beside it. Begin with help.c.
 *
 *   help     the list of commands, a command's page, words for completions; all from the tables
 *   version  of the program and of the format
 *   kinds    the catalog of kinds of events
 *   example  an example event of a kind
 *
 * Words. A "kind" is what an event is, "run.started"; a "synopsis" is what follows a command's name. */
#ifndef CLI_HELP_ROOM_H
#define CLI_HELP_ROOM_H

#endif
