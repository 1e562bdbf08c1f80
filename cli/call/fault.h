/* A command that dies of a signal says so, and a database that cannot be read is told apart from a fault of the program. */
#ifndef CLI_CALL_FAULT_H
#define CLI_CALL_FAULT_H

#include <signal.h>

/* The handler for fault_catch (base/fault.h): says on standard error what it was and ends the process: EXIT_INVALID when the
 * evidence's pages could not be read, else EXIT_SYSTEM. Derived data that could not be read gets another name. */
void fault_exit(int number, siginfo_t *info, void *context);

#endif
