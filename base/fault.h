/* Catches and names the signals that end a process after damage or a programming error. */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <signal.h>

/* Installs `handler` for SIGBUS, SIGSEGV, SIGFPE, SIGILL and SIGABRT, on an alternate stack of the calling thread. */
void fault_catch(void (*handler)(int number, siginfo_t *info, void *context));
/* "SIGSEGV", or "a signal" for one that has no name here. */
const char *fault_name(int number);

#endif
