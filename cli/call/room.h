/* One invocation of the program, before anything is printed or opened: the command line, the environment, and how the
 * process ends early.
 *
 * Sees: the floors below cli. Only pass.c (prompts) and fault.c (when the process dies) print anything. Begin with cli.h
 * (struct cli, the exit codes), then command.h (what a command is).
 *
 *   cli      struct cli; the environment, the ledger's directory, the actor
 *   command  a row of the table of commands: its help, options and function
 *   opt      tables of options, and one parser for all of them
 *   pass     passphrases: from a descriptor, a file or the terminal; in locked memory
 *   stop     Ctrl-C and SIGTERM while a query is answered
 *   fault    fatal signals: a fault of the program, or a database that cannot be read
 *
 * Words. An "option" begins with dashes, an "argument" does not. "For an agent": run as the hook of a coding agent, to which
 * exit code 2 means "do not do that". */
#ifndef CLI_CALL_ROOM_H
#define CLI_CALL_ROOM_H

#endif
