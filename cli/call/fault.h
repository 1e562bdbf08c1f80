/* What a command reports when it dies of a signal: a database that cannot be read, or a fault of the program. */
#ifndef CLI_CALL_FAULT_H
#define CLI_CALL_FAULT_H

#include <signal.h>

/* The handler for fault_catch (base/fault.h): reports the signal on standard error and ends the process, with EXIT_INVALID
 * if the evidence's pages could not be read, else with EXIT_SYSTEM. Derived data that could not be read is renamed. */
void fault_exit(int number, siginfo_t *info, void *context);

#endif
