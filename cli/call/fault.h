/* Deaths that a process meets in what it does: told, and told apart from a database that cannot be read. */
#ifndef CLI_CALL_FAULT_H
#define CLI_CALL_FAULT_H

#include <signal.h>

/* `handler` is called for SIGBUS, SIGSEGV, SIGFPE, SIGILL and SIGABRT, on a stack of its own in the calling thread. */
void fault_catch(void (*handler)(int number, siginfo_t *info, void *context));
/* The handler for commands: says on standard error what it was and ends the process: EXIT_INVALID when the evidence's pages
 * could not be read, else EXIT_SYSTEM. Derived data that could not be read gets another name. */
void fault_exit(int number, siginfo_t *info, void *context);
/* "SIGSEGV"; of a signal that has no name here, "a signal". */
const char *fault_name(int number);

#endif
