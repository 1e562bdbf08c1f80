/* Signals that end a process which met damage or made a mistake: caught, and named. */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <signal.h>

/* `handler` is called for SIGBUS, SIGSEGV, SIGFPE, SIGILL and SIGABRT, on a stack of its own in the calling thread. */
void fault_catch(void (*handler)(int number, siginfo_t *info, void *context));
/* "SIGSEGV"; of a signal that has no name here, "a signal". */
const char *fault_name(int number);

#endif
