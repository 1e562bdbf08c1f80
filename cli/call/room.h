/* One call of the program, before anything is printed or opened: what the command line said, what the environment says,
 * and how the process ends early.
 *
 * Sees: the floors below cli. Only pass.c (which asks) and fault.c (when the process dies) print anything. Begin with
 * cli.h (struct cli, the exit codes), then command.h (what a command is).
 *
 *   cli      struct cli; the environment, the ledger's directory, who acts
 *   command  a row of the table of commands: its words, options and function
 *   opt      tables of options, and the one parser for all of them
 *   pass     passphrases: from a descriptor, from a file, asked for; in locked memory
 *   stop     Ctrl-C and SIGTERM while a question is answered
 *   fault    deaths of the process, told apart from a database that cannot be read
 *
 * Words. An "option" begins with dashes, an "argument" does not. "For an agent": run as the hook of a coding agent,
 * which takes exit code 2 for "do not do that". */
#ifndef CLI_CALL_ROOM_H
#define CLI_CALL_ROOM_H

#endif
